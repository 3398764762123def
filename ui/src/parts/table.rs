//! The list of any length: only what is seen is there, pages are fetched as they come into view.
//!
//! Rows have a fixed height, so the scroll bar is right from the first page on; what has not come
//! yet is a grey row of the same height.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use kontor_domain::catalog::Page;
use kontor_domain::command::{Ask, Event};
use kontor_domain::reject::Reject;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{Button, Empty, Skeleton};
use crate::icon;
use crate::state::app;
use crate::text::{key, refusal, t};
use crate::{backend, icon::Picture};

/// Rows to a question.
const PAGE: usize = 100;
/// Pages that are kept: more than a person scrolls back.
const KEPT: usize = 30;
/// Rows above and below what is seen, so that a flick of the wheel shows rows.
const MARGIN: usize = 8;

/// The rows of a list, fetched page by page.
pub(crate) struct Rows<R: Send + Sync + 'static> {
    pages: RwSignal<HashMap<usize, Arc<Vec<R>>>>,
    total: RwSignal<Option<usize>>,
    refused: RwSignal<Option<Reject>>,
    seen: RwSignal<Range<usize>>,
    /// Grows with every new question: answers to an old one are thrown away.
    edition: RwSignal<u32>,
    again: RwSignal<u32>,
}

impl<R: Send + Sync + 'static> Clone for Rows<R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R: Send + Sync + 'static> Copy for Rows<R> {}

impl<R: Clone + Send + Sync + 'static> Rows<R> {
    /// Rows that `question(offset, limit)` answers. Signals read in it start the list anew; one of
    /// `events` fetches what is seen again, without a flicker.
    pub(crate) fn new<Q>(events: &'static [Event], question: impl Fn(u32, u32) -> Q + 'static) -> Self
    where
        Q: Ask<Answer = Page<R>> + 'static,
    {
        let rows = Self {
            pages: RwSignal::new(HashMap::new()),
            total: RwSignal::new(None),
            refused: RwSignal::new(None),
            seen: RwSignal::new(0..PAGE),
            edition: RwSignal::new(0),
            again: RwSignal::new(0),
        };
        let question = StoredValue::new_local(question);
        Effect::new(move |before: Option<()>| {
            // Read for its signals: another filter is another list.
            let _ = question.with_value(|question| question(0, 1));
            if before.is_some() {
                rows.seen.set(0..PAGE);
            }
            rows.fetch_anew(question);
        });
        Effect::new(move |before: Option<()>| {
            app().changes.track(events);
            rows.again.track();
            if before.is_some() {
                rows.fetch_anew(question);
            }
        });
        Effect::new(move |_| {
            let seen = rows.seen.get();
            rows.fetch_missing(question, &seen);
        });
        rows
    }

    /// How many there are, once it is known.
    pub(crate) fn total(self) -> Option<usize> {
        self.total.get()
    }

    /// Fetches what is seen again.
    pub(crate) fn refresh(self) {
        self.again.update(|count| *count = count.wrapping_add(1));
    }

    /// The row at a place, if it is here. Not tracked.
    pub(crate) fn row(self, index: usize) -> Option<R> {
        self.pages.with_untracked(|pages| pages.get(&(index / PAGE))?.get(index % PAGE).cloned())
    }

    fn fetch_anew<Q>(self, question: StoredValue<impl Fn(u32, u32) -> Q + 'static, LocalStorage>)
    where
        Q: Ask<Answer = Page<R>> + 'static,
    {
        self.edition.update(|edition| *edition = edition.wrapping_add(1));
        for page in pages_of(&self.seen.get_untracked()) {
            self.fetch(question, page, true);
        }
    }

    fn fetch_missing<Q>(self, question: StoredValue<impl Fn(u32, u32) -> Q + 'static, LocalStorage>, seen: &Range<usize>)
    where
        Q: Ask<Answer = Page<R>> + 'static,
    {
        for page in pages_of(seen) {
            let is_here = self.pages.with_untracked(|pages| pages.contains_key(&page));
            let is_beyond = self.total.get_untracked().is_none_or(|total| page * PAGE >= total);
            if !is_here && !is_beyond {
                self.fetch(question, page, false);
            }
        }
    }

    fn fetch<Q>(self, question: StoredValue<impl Fn(u32, u32) -> Q + 'static, LocalStorage>, page: usize, anew: bool)
    where
        Q: Ask<Answer = Page<R>> + 'static,
    {
        let edition = self.edition.get_untracked();
        let offset = u32::try_from(page * PAGE).unwrap_or(u32::MAX);
        let asked = untrack(|| question.with_value(|question| question(offset, PAGE as u32)));
        spawn_local(async move {
            let answer = backend::ask(asked).await;
            if self.edition.try_get_untracked() != Some(edition) {
                return;
            }
            match answer {
                Ok(answer) => self.keep(page, answer, anew),
                Err(reject) => self.refused.set(Some(reject)),
            }
        });
    }

    fn keep(self, page: usize, answer: Page<R>, anew: bool) {
        let seen = pages_of(&self.seen.get_untracked());
        self.pages.update(|pages| {
            if anew {
                // The rest is of another list now; it is fetched when it comes into view.
                pages.retain(|known, _| seen.contains(known));
            }
            pages.insert(page, Arc::new(answer.rows));
            if pages.len() > KEPT {
                pages.retain(|known, _| known.abs_diff(page) < KEPT / 2);
            }
        });
        self.refused.set(None);
        self.total.set(Some(usize::try_from(answer.total).unwrap_or_default()));
    }
}

fn pages_of(rows: &Range<usize>) -> Range<usize> {
    rows.start / PAGE..rows.end.div_ceil(PAGE).max(rows.start / PAGE + 1)
}

/// The side a column keeps to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Align {
    /// Text.
    #[default]
    Start,
    /// Figures.
    End,
}

type CellView<R> = Arc<dyn Fn(&R) -> AnyView + Send + Sync>;

/// A column.
pub(crate) struct Column<R> {
    title: String,
    /// CSS grid track: `minmax(200px, 1fr)`, `120px`.
    width: &'static str,
    align: Align,
    sort: Option<&'static str>,
    /// The heading is for screen readers alone.
    is_unseen: bool,
    cell: CellView<R>,
}

impl<R> Clone for Column<R> {
    fn clone(&self) -> Self {
        Self { title: self.title.clone(), cell: self.cell.clone(), ..*self }
    }
}

impl<R> Column<R> {
    /// A column: heading, width as a CSS grid track, and what stands in a row.
    pub(crate) fn new<V: IntoView + 'static>(title: String, width: &'static str, cell: impl Fn(&R) -> V + Send + Sync + 'static) -> Self {
        let cell: CellView<R> = Arc::new(move |row| cell(row).into_any());
        Self { title, width, align: Align::Start, sort: None, is_unseen: false, cell }
    }

    /// Figures stand at the end.
    pub(crate) fn figures(mut self) -> Self {
        self.align = Align::End;
        self
    }

    /// Its heading is only for who does not see what stands below it.
    pub(crate) fn unseen(mut self) -> Self {
        self.is_unseen = true;
        self
    }

    /// Its heading sorts by this word.
    pub(crate) fn sorted_by(mut self, word: &'static str) -> Self {
        self.sort = Some(word);
        self
    }
}

/// How a list is sorted and how that changes.
#[derive(Clone, Copy)]
pub(crate) struct Sorting {
    /// The word of the column it is sorted by now.
    pub(crate) by: Signal<&'static str>,
    /// Sorts by another.
    pub(crate) choose: Callback<&'static str>,
}

/// The list.
#[component]
pub(crate) fn VirtualTable<R>(
    /// What the list is, for screen readers.
    #[prop(into)]
    label: String,
    rows: Rows<R>,
    columns: Vec<Column<R>>,
    /// Opens a row: click, tap or Enter.
    #[prop(optional, into)]
    open: Option<Callback<R>>,
    #[prop(optional)] sorting: Option<Sorting>,
    /// Least width in px before it scrolls sideways.
    #[prop(default = 640)]
    least_width: u32,
    /// What stands there when there is nothing.
    #[prop(into)]
    empty: ViewFn,
) -> impl IntoView
where
    R: Clone + Send + Sync + 'static,
{
    let frame = NodeRef::<html::Div>::new();
    let height = Memo::new(move |_| if app().is_compact() { 40_usize } else { 52 });
    let chosen = RwSignal::new(None::<usize>);
    let scrolled = move || {
        let Some(frame) = frame.get_untracked() else { return };
        let first = usize::try_from(frame.scroll_top()).unwrap_or_default() / height.get_untracked();
        let count = usize::try_from(frame.client_height()).unwrap_or_default() / height.get_untracked() + 2;
        let seen = first.saturating_sub(MARGIN)..first + count + MARGIN;
        if rows.seen.get_untracked() != seen {
            rows.seen.set(seen);
        }
    };
    Effect::new(move |_| {
        if frame.get().is_some() {
            height.track();
            scrolled();
        }
    });
    let resized = window_event_listener(leptos::ev::resize, move |_| scrolled());
    on_cleanup(move || resized.remove());
    // Another list starts at its top, with nothing chosen.
    Effect::new(move |before: Option<u32>| {
        let edition = rows.edition.get();
        if before.is_some()
            && rows.seen.with_untracked(|seen| seen.start == 0)
            && let Some(frame) = frame.get_untracked()
        {
            frame.set_scroll_top(0);
        }
        edition
    });
    let shown = Memo::new(move |_| {
        let total = rows.total.get().unwrap_or(MARGIN);
        let seen = rows.seen.get();
        seen.start.min(total)..seen.end.min(total)
    });
    let tracks: Vec<&str> = columns.iter().map(|column| column.width).collect();
    let (columns_style, least_style) = (("--columns", tracks.join(" ")), ("--least", format!("{least_width}px")));
    let headings = columns.iter().map(|column| heading(column, sorting)).collect_view();
    let columns = StoredValue::new(columns);
    let can_open = open.is_some();
    let line = move |index: usize| {
        view! { <Line index=index rows=rows columns=columns chosen=chosen height=height open=open/> }
    };
    let key_down = move |event: leptos::ev::KeyboardEvent| {
        let Some(frame) = frame.get_untracked() else { return };
        let page = usize::try_from(frame.client_height()).unwrap_or_default() / height.get_untracked();
        if event.key() == "Enter" {
            // On a heading it sorts.
            let is_on_list = event_target::<web_sys::Element>(&event).is_same_node(Some(&frame));
            if is_on_list && let (Some(open), Some(row)) = (open, chosen.get_untracked().and_then(|index| rows.row(index))) {
                event.prevent_default();
                open.run(row);
            }
            return;
        }
        let total = rows.total.get_untracked().unwrap_or_default();
        if let Some(index) = next_index(&event.key(), chosen.get_untracked(), page.saturating_sub(2).max(1), total) {
            event.prevent_default();
            chosen.set(Some(index));
            bring_into_view(&frame, index, height.get_untracked());
        }
    };
    view! {
        <div
            class="tablebox"
            node_ref=frame
            style=columns_style
            tabindex="0"
            role="grid"
            aria-label=label
            aria-rowcount=move || rows.total.get().map_or(-1, |total| i64::try_from(total).unwrap_or(-1) + 1).to_string()
            aria-busy=move || rows.total.with(Option::is_none).to_string()
            aria-activedescendant=move || chosen.get().map(row_id)
            on:scroll=move |_| scrolled()
            on:keydown=key_down
        >
            <div class="thead" role="rowgroup" style=least_style.clone()>
                <div class="tr" role="row" aria-rowindex="1">{headings}</div>
            </div>
            <div
                class="space"
                class:can=can_open
                role="rowgroup"
                style=least_style
                style:height=move || format!("{}px", rows.total.get().unwrap_or(MARGIN) * height.get())
            >
                <For each=move || shown.get() key=|index| *index children=line/>
            </div>
            {move || nothing(rows, &empty)}
        </div>
    }
}

fn row_id(index: usize) -> String {
    format!("row-{index}")
}

/// Where the choice goes by a key.
fn next_index(key: &str, chosen: Option<usize>, page: usize, total: usize) -> Option<usize> {
    let last = total.checked_sub(1)?;
    let index = match (key, chosen) {
        ("Home", _) => 0,
        ("End", _) => last,
        ("ArrowDown" | "PageDown", None) => 0,
        ("ArrowDown", Some(at)) => at + 1,
        ("ArrowUp", at) => at.unwrap_or_default().saturating_sub(1),
        ("PageDown", Some(at)) => at + page,
        ("PageUp", at) => at.unwrap_or_default().saturating_sub(page),
        _ => return None,
    };
    Some(index.min(last))
}

fn bring_into_view(frame: &web_sys::HtmlElement, index: usize, height: usize) {
    const HEAD: i32 = 40;
    let (top, height) = (i32::try_from(index * height).unwrap_or(i32::MAX), i32::try_from(height).unwrap_or_default());
    let seen = frame.client_height() - HEAD;
    if top < frame.scroll_top() {
        frame.set_scroll_top(top);
    } else if top + height > frame.scroll_top() + seen {
        frame.set_scroll_top(top + height - seen);
    }
}

fn heading<R: 'static>(column: &Column<R>, sorting: Option<Sorting>) -> AnyView {
    let title = column.title.clone();
    let class = if column.align == Align::End { "th end" } else { "th" };
    let (Some(sorting), Some(word)) = (sorting, column.sort) else {
        let unseen = column.is_unseen;
        return view! { <div class=class role="columnheader"><span class:hidden-label=unseen>{title}</span></div> }.into_any();
    };
    let is_on = move || sorting.by.get() == word;
    view! {
        <div class=class role="columnheader" aria-sort=move || if is_on() { "ascending" } else { "none" }>
            <button type="button" on:click=move |_| sorting.choose.run(word)>
                {title}
                {move || is_on().then(|| view! { <Picture icon=icon::DOWN small=true/> })}
            </button>
        </div>
    }
    .into_any()
}

/// What stands in the place of rows: nothing there, or why nothing can be had.
fn nothing<R: Clone + Send + Sync + 'static>(rows: Rows<R>, empty: &ViewFn) -> Option<AnyView> {
    if let Some(reject) = rows.refused.get() {
        let again = move || rows.refresh();
        return Some(
            view! {
                <div class="nothing">
                    <Empty icon=icon::WARNING title="" text=refusal(&reject)>
                        <Button label=t(key::COMMON_RETRY) press=again/>
                    </Empty>
                </div>
            }
            .into_any(),
        );
    }
    (rows.total.get() == Some(0)).then(|| view! { <div class="nothing">{empty.run()}</div> }.into_any())
}

#[component]
fn Line<R>(
    index: usize,
    rows: Rows<R>,
    columns: StoredValue<Vec<Column<R>>>,
    chosen: RwSignal<Option<usize>>,
    height: Memo<usize>,
    open: Option<Callback<R>>,
) -> impl IntoView
where
    R: Clone + Send + Sync + 'static,
{
    // The page's handle changes only when it was fetched again: other rows are not drawn anew.
    let page = Memo::new_with_compare(
        move |_| rows.pages.with(|pages| pages.get(&(index / PAGE)).cloned()),
        |before: Option<&Option<Arc<Vec<R>>>>, now: Option<&Option<Arc<Vec<R>>>>| match (
            before.and_then(Option::as_ref),
            now.and_then(Option::as_ref),
        ) {
            (Some(before), Some(now)) => !Arc::ptr_eq(before, now),
            (None, None) => before.is_none(),
            _ => true,
        },
    );
    let cells = move || {
        let page = page.get();
        let row = page.as_ref().and_then(|page| page.get(index % PAGE));
        columns.with_value(|columns| columns.iter().map(|column| cell(column, row)).collect_view())
    };
    let click = move |_| {
        chosen.set(Some(index));
        if let (Some(open), Some(row)) = (open, rows.row(index)) {
            open.run(row);
        }
    };
    view! {
        <div
            class="tr"
            class:can=open.is_some()
            role="row"
            id=row_id(index)
            aria-rowindex=(index + 2).to_string()
            aria-selected=move || (chosen.get() == Some(index)).to_string()
            style:transform=move || format!("translateY({}px)", index * height.get())
            on:click=click
        >
            {cells}
        </div>
    }
}

fn cell<R>(column: &Column<R>, row: Option<&R>) -> AnyView {
    let class = if column.align == Align::End { "td num" } else { "td" };
    match row {
        Some(row) => view! { <div class=class role="gridcell">{(column.cell)(row)}</div> }.into_any(),
        None => view! { <div class=class role="gridcell"><Skeleton width="70%"/></div> }.into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_move_the_choice_and_stop_at_both_ends() {
        assert_eq!(next_index("ArrowDown", None, 10, 100), Some(0));
        assert_eq!(next_index("ArrowDown", Some(99), 10, 100), Some(99));
        assert_eq!(next_index("ArrowUp", Some(0), 10, 100), Some(0));
        assert_eq!(next_index("PageDown", Some(95), 10, 100), Some(99));
        assert_eq!(next_index("End", None, 10, 100_000), Some(99_999));
        assert_eq!(next_index("ArrowDown", None, 10, 0), None);
        assert_eq!(next_index("a", Some(1), 10, 100), None);
    }

    #[test]
    fn what_is_seen_lies_on_these_pages() {
        assert_eq!(pages_of(&(0..30)), 0..1);
        assert_eq!(pages_of(&(90..130)), 0..2);
        assert_eq!(pages_of(&(200..300)), 2..3);
        assert_eq!(pages_of(&(250..250)), 2..3);
    }
}
