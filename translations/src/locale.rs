//! The languages.

/// A language of screens and paper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Locale {
    /// English.
    #[default]
    En,
    /// Chinese in traditional characters, as written in Taiwan.
    ZhHant,
    /// Chinese in simplified characters, as written on the mainland.
    ZhHans,
}

impl Locale {
    /// Every language.
    pub const ALL: &'static [Self] = &[Self::En, Self::ZhHant, Self::ZhHans];

    /// The tag, also for the `lang` of a page.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::ZhHant => "zh-Hant",
            Self::ZhHans => "zh-Hans",
        }
    }

    /// What its speakers call it.
    pub const fn native_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::ZhHant => "繁體中文",
            Self::ZhHans => "简体中文",
        }
    }

    /// The language of exactly this tag.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|locale| locale.tag() == tag)
    }

    /// The language nearest to what a system says: `zh_TW.UTF-8`, `zh-CN`, `zh-Hant-HK`, `C`. English when it is none of ours.
    pub fn best_match(system: &str) -> Self {
        let system = system.split(['.', '@']).next().unwrap_or_default();
        let parts: Vec<String> = system.split(['_', '-']).map(str::to_ascii_lowercase).collect();
        let has = |names: &[&str]| parts.iter().skip(1).any(|part| names.contains(&part.as_str()));
        match parts.first().map(String::as_str) {
            // A script that is named wins over the region: zh-Hans-HK is simplified.
            Some("zh" | "cmn" | "yue" | "nan" | "hak") if has(&["hant"]) => Self::ZhHant,
            Some("zh" | "cmn" | "yue" | "nan" | "hak") if has(&["hans"]) => Self::ZhHans,
            Some("zh" | "cmn") if has(&["tw", "hk", "mo", "cht"]) => Self::ZhHant,
            Some("yue" | "nan" | "hak") => Self::ZhHant,
            Some("zh" | "cmn") => Self::ZhHans,
            _ => Self::En,
        }
    }

    pub(crate) const fn index(self) -> usize {
        match self {
            Self::En => 0,
            Self::ZhHant => 1,
            Self::ZhHans => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_language_finds_the_nearest_of_ours() {
        let cases = [
            ("zh_TW.UTF-8", Locale::ZhHant),
            ("zh-CN", Locale::ZhHans),
            ("zh-HK", Locale::ZhHant),
            ("zh-Hans-HK", Locale::ZhHans),
            ("zh-Hant-CN", Locale::ZhHant),
            ("zh", Locale::ZhHans),
            ("yue-HK", Locale::ZhHant),
            ("zh_SG.utf8@pinyin", Locale::ZhHans),
            ("en_GB.UTF-8", Locale::En),
            ("C", Locale::En),
            ("", Locale::En),
            ("de-DE", Locale::En),
        ];
        for (system, locale) in cases {
            assert_eq!(Locale::best_match(system), locale, "{system}");
        }
        for locale in Locale::ALL {
            assert_eq!(Locale::from_tag(locale.tag()), Some(*locale));
            assert_eq!(Locale::best_match(locale.tag()), *locale);
        }
    }
}
