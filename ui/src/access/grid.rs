//! Permissions by area, each with a box to tick.

use std::collections::{BTreeMap, BTreeSet};

use kontor_domain::command::Permission;
use leptos::prelude::*;

use crate::state::app;
use crate::text::{key, t, tx, word};

/// By the area they are of, in the order they are declared in.
fn by_area() -> Vec<(&'static str, Vec<Permission>)> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut areas: Vec<(&'static str, Vec<Permission>)> = Vec::new();
    for permission in Permission::ALL {
        let area = permission.word().split('.').next().unwrap_or_default();
        let place = *places.entry(area).or_insert(areas.len());
        if place == areas.len() {
            areas.push((area, Vec::new()));
        }
        areas[place].1.push(*permission);
    }
    areas
}

/// The boxes. Nobody gives what they do not have: those boxes cannot be ticked.
#[component]
pub(super) fn PermissionGrid(
    /// What is ticked.
    chosen: RwSignal<BTreeSet<Permission>>,
    /// Only shows.
    #[prop(optional)]
    fixed: bool,
) -> impl IntoView {
    let one = move |permission: Permission| {
        let is_own = app().may(permission);
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || chosen.with(|chosen| chosen.contains(&permission))
                    disabled=fixed || !is_own
                    on:change=move |event| {
                        let is_on = event_target_checked(&event);
                        chosen.update(|chosen| if is_on { chosen.insert(permission); } else { chosen.remove(&permission); });
                    }
                />
                <span>{word("permission", permission.word())}</span>
            </label>
        }
    };
    let area = move |(area, permissions): (&'static str, Vec<Permission>)| {
        view! {
            <fieldset>
                <legend>{word("area", area)}</legend>
                {permissions.into_iter().map(one).collect_view()}
            </fieldset>
        }
    };
    view! {
        <div class="labelled">
            <span class="label">{t(key::ACCESS_PERMISSIONS)} " · " {move || counted(chosen.with(BTreeSet::len))}</span>
            <div class="permissions">{by_area().into_iter().map(area).collect_view()}</div>
        </div>
    }
}

/// `12 of 36`.
pub(super) fn counted(count: usize) -> String {
    let figure = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    tx(key::COMMON_COUNT_OF, &[("done", figure(count).into()), ("total", figure(Permission::ALL.len()).into())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_stands_in_one_area() {
        let areas = by_area();
        let all: Vec<Permission> = areas.iter().flat_map(|(_, permissions)| permissions.clone()).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), Permission::ALL.len());
        assert_eq!(all.len(), Permission::ALL.len());
        assert!(areas.iter().all(|(area, permissions)| permissions.iter().all(|one| one.word().starts_with(&format!("{area}.")))));
    }
}
