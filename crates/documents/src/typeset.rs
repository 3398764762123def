//! Text becomes runs of glyphs with a width, and long text becomes lines.

use std::collections::BTreeSet;
use std::sync::Arc;

use unicode_linebreak::{BreakOpportunity, linebreaks};

use crate::fonts::{FaceNumber, Faces, Weight};

/// Stands for a character that no font has: what printers set for a missing sort.
const GETA: char = '〓';

/// Characters of one face beside each other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) face: FaceNumber,
    pub(crate) text: String,
    pub(crate) glyphs: Vec<u32>,
    /// In points.
    pub(crate) width: f32,
}

/// One line of text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Line {
    pub(crate) runs: Vec<Run>,
    /// In points.
    pub(crate) width: f32,
    /// In points.
    pub(crate) size: f32,
}

/// Sets text with the faces of a document and remembers what they lack.
#[derive(Debug)]
pub(crate) struct Typesetter {
    pub(crate) faces: Arc<Faces>,
    missing: BTreeSet<char>,
}

impl Typesetter {
    pub(crate) const fn new(faces: Arc<Faces>) -> Self {
        Self { faces, missing: BTreeSet::new() }
    }

    /// Characters that no font had.
    pub(crate) fn into_missing(self) -> Vec<char> {
        self.missing.into_iter().collect()
    }

    /// One line, however long.
    pub(crate) fn line(&mut self, text: &str, weight: Weight, size: f32) -> Line {
        let mut line = Line { size, ..Line::default() };
        for character in text.chars().filter_map(printable) {
            let Some((face, glyph, character)) = self.glyph(weight, character) else { continue };
            let width = self.faces.face(face).map_or(0.0, |face| face.advance(glyph)) * size / 1000.0;
            line.width += width;
            match line.runs.last_mut().filter(|run| run.face == face) {
                Some(run) => {
                    run.text.push(character);
                    run.glyphs.push(glyph);
                    run.width += width;
                }
                None => line.runs.push(Run { face, text: character.to_string(), glyphs: vec![glyph], width }),
            }
        }
        line
    }

    /// As many lines as it takes to stay within a width.
    pub(crate) fn wrap(&mut self, text: &str, weight: Weight, size: f32, width: f32) -> Vec<Line> {
        let parts = wrap(text, width, |part| self.line(part, weight, size).width);
        parts.iter().map(|part| self.line(part, weight, size)).collect()
    }

    /// One line, smaller if that is what it takes to stay within a width.
    pub(crate) fn fit(&mut self, text: &str, weight: Weight, size: f32, width: f32) -> Line {
        let line = self.line(text, weight, size);
        if line.width <= width { line } else { self.line(text, weight, size * width / line.width) }
    }

    /// The glyph of a character or of what stands for it.
    fn glyph(&mut self, weight: Weight, character: char) -> Option<(FaceNumber, u32, char)> {
        if let Some((face, glyph)) = self.faces.find(weight, character) {
            return Some((face, glyph, character));
        }
        self.missing.insert(character);
        [GETA, '?'].into_iter().find_map(|instead| self.faces.find(weight, instead).map(|(face, glyph)| (face, glyph, instead)))
    }
}

/// What is drawn for a character; `None` for those that are there without being seen.
pub(crate) const fn printable(character: char) -> Option<char> {
    match character {
        '\t' | '\n' | '\u{A0}' | '\u{2003}' => Some(' '),
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' => None,
        other if other.is_ascii_control() || matches!(other, '\u{80}'..='\u{9F}') => None,
        other => Some(other),
    }
}

/// Cuts text into lines of at most a width, where a reader expects it (UAX 14: between Chinese characters but not
/// before their full stop, after spaces and hyphens); a word that is wider than a line is cut anywhere.
pub(crate) fn wrap(text: &str, width: f32, mut measure: impl FnMut(&str) -> f32) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut start = 0;
    for (end, opportunity) in linebreaks(text) {
        let part = text.get(start..end).unwrap_or_default();
        start = end;
        if !line.is_empty() && measure(&format!("{line}{}", part.trim_end())) > width {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        line.push_str(part);
        if measure(line.trim_end()) > width {
            line = cut_anywhere(&line, width, &mut measure, &mut lines);
        }
        if opportunity == BreakOpportunity::Mandatory && end < text.len() {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
    }
    lines.push(line.trim_end().to_owned());
    lines
}

fn cut_anywhere(text: &str, width: f32, measure: &mut impl FnMut(&str) -> f32, lines: &mut Vec<String>) -> String {
    let mut line = String::new();
    for character in text.chars() {
        line.push(character);
        if line.chars().nth(1).is_some() && measure(line.trim_end()) > width {
            line.pop();
            lines.push(std::mem::replace(&mut line, character.to_string()));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(text: &str) -> f32 {
        text.chars().map(|character| if character.is_ascii() { 1.0 } else { 2.0 }).sum()
    }

    #[test]
    fn lines_break_where_a_reader_expects_it() {
        assert_eq!(wrap("鳳梨酥 12 入禮盒", 10.0, columns), ["鳳梨酥 12", "入禮盒"]);
        assert_eq!(wrap("這裡有一個句點。", 14.0, columns), ["這裡有一個句", "點。"]);
        assert_eq!(wrap("sourdough bread, sliced", 12.0, columns), ["sourdough", "bread,", "sliced"]);
        assert_eq!(wrap("abcdefghij", 4.0, columns), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("two\nlines", 40.0, columns), ["two", "lines"]);
        assert_eq!(wrap("", 4.0, columns), [""]);
        // Narrower than one character: it still ends.
        assert_eq!(wrap("鳳梨", 1.0, columns), ["鳳", "梨"]);
    }
}
