//! How this device looks and sounds. Kept beside the shop's file, at once.

use kontor_domain::host::{Density, Theme};
use leptos::prelude::*;

use super::shop::languages;
use crate::icon;
use crate::parts::{Button, CheckField, Choice, field_name};
use crate::sound::{self, Sound};
use crate::state::app;
use crate::text::{key, locale, t, word};

/// The page.
#[component]
pub(super) fn LookPage() -> impl IntoView {
    let kept = app().preferences.get_untracked();
    let language = RwSignal::new(locale().tag().to_owned());
    let (theme, density, sound) = (RwSignal::new(kept.theme), RwSignal::new(kept.density), RwSignal::new(kept.sound));
    on_change(language, |tag| app().prefer(|preferences| preferences.locale = Some(tag)));
    on_change(theme, |theme| app().prefer(|preferences| preferences.theme = theme));
    on_change(density, |density| app().prefer(|preferences| preferences.density = density));
    on_change(sound, |sound| app().prefer(|preferences| preferences.sound = sound));
    let themes: Vec<(Theme, String)> = Theme::ALL.iter().map(|theme| (*theme, word("theme", theme.word()))).collect();
    let densities: Vec<(Density, String)> = Density::ALL.iter().map(|density| (*density, word("density", density.word()))).collect();
    view! {
        <section class="card pad form">
            <h2>{t(key::SETTINGS_LOOK)}</h2>
            <p class="muted">{t(key::SETTINGS_LOOK_TEXT)}</p>
            <Choice label=field_name("locale") options=languages() chosen=language/>
            <Choice label=t(key::SETTINGS_THEME) options=themes chosen=theme/>
            <Choice label=t(key::SETTINGS_DENSITY) options=densities chosen=density/>
            <div class="row wrap">
                <CheckField label=t(key::SETTINGS_SOUND) value=sound/>
                <Button label=t(key::SETTINGS_TRY_SOUND) icon=icon::PLAY press=|| sound::try_out(Sound::Ok)/>
            </div>
        </section>
    }
}

/// Does something when a person chose another value, not when the page opens.
fn on_change<T: Clone + PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, act: impl Fn(T) + 'static) {
    Effect::new(move |before: Option<T>| {
        let now = signal.get();
        if before.is_some_and(|before| before != now) {
            act(now.clone());
        }
        now
    });
}
