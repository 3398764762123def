//! Words for search: what a product is found by, cut by a pure function so that both engines find the same.
//!
//! Latin words are found by their beginnings; Chinese by any one or two characters in a row. Traditional and
//! Simplified, full and half width, upper and lower case are one.

use std::collections::BTreeSet;

/// Most words of one product that are indexed.
const WORDS_LIMIT: usize = 400;

/// Whether a character is written without spaces between words: each stands for itself.
const fn is_ideograph(character: char) -> bool {
    matches!(character,
        '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{AC00}'..='\u{D7AF}' | '\u{20000}'..='\u{3FFFF}' | '\u{3105}'..='\u{312F}')
}

/// One spelling of a text: Simplified, half width, lower case.
pub fn fold(text: &str) -> String {
    let half: String = text
        .chars()
        .map(|character| match character {
            '！'..='～' => char::from_u32(character as u32 - 0xFEE0).unwrap_or(character),
            '\u{3000}' => ' ',
            other => other,
        })
        .collect();
    let simplified = if half.chars().any(is_ideograph) { hanconv::t2s(&half) } else { half };
    simplified.to_lowercase()
}

/// Runs of a folded text: Latin words and ideographic stretches.
fn runs(folded: &str) -> Vec<(bool, String)> {
    let mut runs: Vec<(bool, String)> = Vec::new();
    let mut joined = false;
    for character in folded.chars() {
        let ideograph = is_ideograph(character);
        if !ideograph && !character.is_alphanumeric() {
            joined = false;
            continue;
        }
        match runs.last_mut() {
            Some((kind, run)) if joined && *kind == ideograph => run.push(character),
            _ => runs.push((ideograph, character.to_string())),
        }
        joined = true;
    }
    runs
}

fn pairs(run: &str) -> impl Iterator<Item = String> {
    let characters: Vec<char> = run.chars().collect();
    (1..characters.len()).map(move |at| characters[at - 1..=at].iter().collect())
}

/// The words a product is indexed under, joined by spaces.
pub fn index_words<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut words = BTreeSet::new();
    for text in texts {
        let folded = fold(text);
        // A code with separators is also found typed without them.
        let joined: String = folded.chars().filter(|character| character.is_alphanumeric() && !is_ideograph(*character)).collect();
        if joined.len() <= 64 && !folded.contains(char::is_whitespace) {
            words.insert(joined);
        }
        for (ideographs, run) in runs(&folded) {
            if ideographs {
                words.extend(run.chars().map(String::from));
                words.extend(pairs(&run));
            } else {
                words.insert(run.chars().take(64).collect());
            }
        }
    }
    words.remove("");
    words.into_iter().take(WORDS_LIMIT).collect::<Vec<_>>().join(" ")
}

/// One thing all results must have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// A word that begins so.
    Begins(String),
    /// Exactly this one or two ideographs.
    Is(String),
}

/// What a typed text asks for. At most eight terms: more cannot narrow further what a person would read.
pub fn query_terms(text: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    for (ideographs, run) in runs(&fold(text)) {
        if !ideographs {
            terms.push(Term::Begins(run.chars().take(64).collect()));
        } else if run.chars().count() == 1 {
            terms.push(Term::Is(run));
        } else {
            terms.extend(pairs(&run).map(Term::Is));
        }
    }
    terms.dedup();
    terms.truncate(8);
    terms
}

/// The terms as FTS5's MATCH wants them.
pub(crate) fn fts5_match(terms: &[Term]) -> String {
    let parts: Vec<String> = terms
        .iter()
        .map(|term| match term {
            Term::Begins(word) => format!("\"{word}\" *"),
            Term::Is(word) => format!("\"{word}\""),
        })
        .collect();
    parts.join(" AND ")
}

/// The terms as PostgreSQL's to_tsquery wants them.
pub(crate) fn tsquery(terms: &[Term]) -> String {
    let parts: Vec<String> = terms
        .iter()
        .map(|term| match term {
            Term::Begins(word) => format!("'{word}':*"),
            Term::Is(word) => format!("'{word}'"),
        })
        .collect();
    parts.join(" & ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traditional_and_simplified_are_one() {
        assert_eq!(fold("鳳梨酥　ＡＢＣ"), fold("凤梨酥 abc"));
        assert_eq!(query_terms("鳳梨"), query_terms("凤梨"));
    }

    #[test]
    fn words_are_cut_so_that_one_and_two_characters_find() {
        let words = index_words(["鳳梨酥 12 入", "PC-12"]);
        let set: BTreeSet<&str> = words.split(' ').collect();
        for word in ["凤", "梨", "酥", "凤梨", "梨酥", "12", "入", "pc", "pc12"] {
            assert!(set.contains(word), "{word} in {words}");
        }
        assert_eq!(query_terms("酥"), vec![Term::Is("酥".into())]);
        assert_eq!(query_terms("Pineapple ca"), vec![Term::Begins("pineapple".into()), Term::Begins("ca".into())]);
        assert_eq!(query_terms("\"'%_*"), Vec::new());
    }
}
