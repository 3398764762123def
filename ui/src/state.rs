//! What the whole window knows: where it is, who is there, what it looks like.

use std::cell::Cell;

use kontor_domain::command::{Event, Permission, Rights};
use kontor_domain::host::{Density, HostCall, Preferences, Seat, Start, SyncPhase, SyncState, Theme};
use kontor_domain::printing::Printer;
use kontor_domain::reject::Reject;
use kontor_domain::settings::{GetSession, Session};
use kontor_domain::units::{CURRENCIES, Currency};
use kontor_translations::Locale;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::backend::server::account::{self, Account};
use crate::deed::Deed;
use crate::live::Changes;
use crate::place::{Place, Screen};
use crate::seat::Approving;
use crate::toast::Toasts;
use crate::{backend, counter, seat, shell, storage};

/// The state of the window. Everything in it is a handle: copying it copies nothing.
#[derive(Clone, Copy)]
pub(crate) struct App {
    /// What the program said at the start; `None` until it did.
    pub(crate) start: RwSignal<Option<Start>>,
    /// The shop, till, person and shift; `None` before there is a company.
    pub(crate) session: RwSignal<Option<Session>>,
    /// Whether the session was asked for and answered.
    pub(crate) ready: RwSignal<bool>,
    /// Why the session could not be had.
    pub(crate) problem: RwSignal<Option<Reject>>,
    /// Whether somebody is signed in; in a window its program vouches for who is at it.
    pub(crate) account: RwSignal<Account>,
    /// What the person may do. What may not be done is not shown; the server refuses it all the same.
    pub(crate) rights: RwSignal<Rights>,
    /// Who is at this device; `None`: not asked yet, or a browser, where people sign in at the server.
    pub(crate) seat: RwSignal<Option<Seat>>,
    /// Whether somebody else wants to take over.
    pub(crate) switching: RwSignal<bool>,
    /// What waits for somebody who may allow it.
    pub(crate) approving: RwSignal<Option<Approving>>,
    /// Whether a person has yet to say which till this browser stands for.
    pub(crate) needs_till: RwSignal<bool>,
    /// In a browser: whether the server tells what changes.
    pub(crate) online: RwSignal<bool>,
    /// The language of the screens.
    pub(crate) locale: RwSignal<Locale>,
    /// How this device likes to be used.
    pub(crate) preferences: RwSignal<Preferences>,
    /// Where the person is.
    pub(crate) place: RwSignal<Place>,
    /// Where a person wants to go while something typed is not saved.
    pub(crate) leaving: RwSignal<Option<Deed>>,
    /// How this till and its shop server stand; `None`: there is no server.
    pub(crate) sync: RwSignal<Option<SyncState>>,
    /// What changed.
    pub(crate) changes: Changes,
    /// How often a picture came.
    pub(crate) arrivals: RwSignal<u32>,
    /// Words that come and go.
    pub(crate) toasts: Toasts,
    /// The running long task.
    pub(crate) task: RwSignal<Option<Task>>,
    /// Whether the find-anything box is open.
    pub(crate) palette: RwSignal<bool>,
    /// The time of day, told every few seconds, in milliseconds since 1970.
    pub(crate) now_ms: RwSignal<i64>,
    /// The open sale.
    pub(crate) counter: counter::Counter,
}

/// How far a long task is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    /// Which: `demo`, `check`, `import`, `revert`, `export`, `verify`, `join`.
    pub(crate) name: String,
    /// How far.
    pub(crate) done: i64,
    /// Of how many; 0 while that is not known.
    pub(crate) total: i64,
}

thread_local! {
    static APP: Cell<Option<App>> = const { Cell::new(None) };
}

/// The state of the window, from anywhere: handlers and tasks have no owner to ask for it.
pub(crate) fn app() -> App {
    APP.get().unwrap_or_else(|| {
        let app = App::new();
        APP.set(Some(app));
        app
    })
}

impl App {
    fn new() -> Self {
        Self {
            start: RwSignal::new(None),
            session: RwSignal::new(None),
            ready: RwSignal::new(false),
            problem: RwSignal::new(None),
            account: RwSignal::new(if backend::is_browser() { Account::Unknown } else { Account::In }),
            rights: RwSignal::new(Rights::All),
            seat: RwSignal::new(None),
            switching: RwSignal::new(false),
            approving: RwSignal::new(None),
            needs_till: RwSignal::new(false),
            online: RwSignal::new(false),
            locale: RwSignal::new(Locale::En),
            preferences: RwSignal::new(Preferences::default()),
            place: RwSignal::new(Place::Counter),
            leaving: RwSignal::new(None),
            sync: RwSignal::new(None),
            changes: Changes::new(),
            arrivals: RwSignal::new(0),
            toasts: Toasts::new(),
            task: RwSignal::new(None),
            palette: RwSignal::new(false),
            now_ms: RwSignal::new(0),
            counter: counter::Counter::new(),
        }
    }

    /// The shop's currency. Before there is a shop: the first we know.
    pub(crate) fn currency(self) -> &'static Currency {
        let code = self.session.with_untracked(|session| session.as_ref().map(|session| session.company.currency.clone()));
        code.and_then(|code| Currency::of(&code)).unwrap_or(&CURRENCIES[0])
    }

    /// The printer that receipts go to by themselves.
    pub(crate) fn default_printer(self) -> Option<Printer> {
        self.session.with_untracked(|session| {
            let printers = &session.as_ref()?.printers;
            printers.iter().find(|printer| printer.is_default && printer.active).cloned()
        })
    }

    /// Whether this till has joined a shop server and waits for its first rows.
    pub(crate) fn is_first_sync(self) -> bool {
        self.sync.with(|sync| sync.as_ref().is_some_and(|sync| sync.phase == SyncPhase::First))
    }

    /// Takes up what the program said: language, look, and whether there is a shop.
    pub(crate) fn begin(self, start: Start) {
        let tag = start.preferences.locale.clone().unwrap_or_else(|| start.system_locale.clone());
        let locale = Locale::best_match(&tag);
        if self.locale.get_untracked() != locale {
            self.locale.set(locale);
        }
        self.preferences.set(start.preferences.clone());
        self.look();
        self.problem.set(None);
        if let Some(warning) = &start.warning {
            self.toasts.refuse(warning);
        }
        spawn_local(async move {
            match backend::host::<Option<SyncState>>(HostCall::GetSync).await {
                Ok(sync) => self.sync.set(sync),
                Err(reject) => self.toasts.refuse(&reject),
            }
        });
        let has_shop = start.has_company && start.problem.is_none();
        self.start.set(Some(start));
        if has_shop {
            self.place.set(Place::Counter);
            spawn_local(async move { if backend::is_browser() { self.resume().await } else { self.sit_down().await } });
        } else {
            self.session.set(None);
            self.seat.set(None);
            self.ready.set(true);
        }
    }

    /// Takes up who is at this device; nobody yet where it asks.
    async fn sit_down(self) {
        self.session.set(None);
        self.seat.set(None);
        if let Err(reject) = seat::look().await {
            self.problem.set(Some(reject));
        }
        self.ready.set(true);
    }

    /// A person who may not see the screen that is open sees the first they may.
    pub(crate) fn stay_where_it_is_allowed(self) {
        if !self.place.with_untracked(|place| untrack(|| place.screen().is_open())) {
            self.place.set(self.first_place());
        }
    }

    /// Takes up what this browser's cookie still knows, or asks to sign in.
    async fn resume(self) {
        match account::resume().await {
            Ok(()) => self.enter().await,
            // The server is away: that says nothing about who is signed in.
            Err(reject) if self.account.get_untracked() == Account::Unknown => self.problem.set(Some(reject)),
            Err(_) => {}
        }
        self.ready.set(true);
    }

    /// Somebody has signed in in this browser.
    pub(crate) async fn enter(self) {
        self.problem.set(None);
        let is_undecided = !account::has_chosen_till();
        if !is_undecided {
            self.load_session().await;
            self.place.set(self.first_place());
        }
        self.needs_till.set(is_undecided);
    }

    /// Nothing on the screen is of the person who is here now.
    pub(crate) fn start_anew(self) {
        self.session.set(None);
        self.ready.set(false);
        self.counter.company.set(None);
        spawn_local(async move { self.enter().await });
    }

    /// Whether the person may do it.
    pub(crate) fn may(self, permission: Permission) -> bool {
        self.rights.with(|rights| rights.allow(permission))
    }

    /// The first screen that the person may see.
    fn first_place(self) -> Place {
        let first = Screen::ALL.iter().find(|screen| untrack(|| screen.is_open()));
        first.map_or(Place::Settings, |screen| screen.place())
    }

    /// Asks for the session again. Screens keep showing the old one meanwhile.
    pub(crate) async fn load_session(self) {
        match backend::ask(GetSession {}).await {
            Ok(session) => {
                self.session.set(session);
                self.problem.set(None);
                self.counter.restore().await;
            }
            Err(reject) => self.problem.set(Some(reject)),
        }
        self.ready.set(true);
    }

    /// Changes preferences here and keeps them.
    pub(crate) fn prefer(self, change: impl FnOnce(&mut Preferences)) {
        self.preferences.update(change);
        let preferences = self.preferences.get_untracked();
        if let Some(locale) = preferences.locale.as_deref().and_then(Locale::from_tag)
            && locale != self.locale.get_untracked()
        {
            self.locale.set(locale);
        }
        self.look();
        spawn_local(async move {
            if let Err(reject) = backend::host::<()>(HostCall::SetPreferences(preferences)).await {
                self.toasts.refuse(&reject);
            }
        });
    }

    /// Puts language, theme and density on the page.
    fn look(self) {
        let preferences = self.preferences.get_untracked();
        let attribute = |name: &str, value: Option<&str>| shell::set_page_attribute(name, value);
        attribute("lang", Some(self.locale.get_untracked().tag()));
        attribute("data-density", Some(preferences.density.word()));
        let theme = match preferences.theme {
            Theme::System => None,
            Theme::Light | Theme::Dark => Some(preferences.theme.word()),
        };
        attribute("data-theme", theme);
        // Read before the first paint of the next start.
        match theme {
            Some(theme) => storage::save_text("kontor-theme", theme),
            None => storage::forget("kontor-theme"),
        }
    }

    /// Whether more rows shall fit on a screen.
    pub(crate) fn is_compact(self) -> bool {
        self.preferences.with(|preferences| preferences.density == Density::Compact)
    }
}

/// What the session shows: when one of these happens it is asked for again.
pub(crate) const SESSION_EVENTS: &[Event] =
    &[Event::SettingsChanged, Event::CatalogChanged, Event::ShiftChanged, Event::ParkedChanged, Event::PrintingChanged, Event::AttentionChanged];
