//! Rows laid out on a roll of 80 mm.

use crate::fonts::{Fonts, Weight};
use crate::rows::{Row, Style};
use crate::sheet::{Ink, MM, Sheet, as_points};
use crate::typeset::{Line, Typesetter};
use crate::words::Words;
use crate::{DocumentError, Paper, barcode, pdf};

/// The paper.
const WIDTH: f32 = 80.0 * MM;
/// What printers leave white on both sides: 72 mm are printed.
pub(crate) const MARGIN: f32 = 4.0 * MM;
/// Room between a row's left and right.
const GUTTER: f32 = 10.0;
/// The least that the left of a row is given beside its right.
const LEFT_LEAST: f32 = 52.0;
const BARCODE_HEIGHT: f32 = 26.0;
/// A dot of a receipt printer: eight in a millimetre.
pub(crate) const DOT_SIZE: f32 = MM / 8.0;

impl Style {
    /// Weight, size and line height in points.
    const fn metrics(self) -> (Weight, f32, f32) {
        match self {
            Self::Body => (Weight::Regular, 10.0, 14.0),
            Self::Strong => (Weight::Bold, 10.0, 14.5),
            Self::Title => (Weight::Bold, 15.0, 20.0),
            Self::Total => (Weight::Bold, 18.0, 25.0),
        }
    }
}

/// Rows as a PDF.
pub(crate) fn pdf(rows: &[Row], title: &str, words: &Words, fonts: &Fonts) -> Result<Paper, DocumentError> {
    let mut typesetter = Typesetter::new(fonts.faces(words.locale)?);
    let sheet = layout(rows, &mut typesetter);
    let bytes = pdf::write(&[sheet], title, &typesetter.faces)?;
    Ok(Paper { bytes, missing_characters: typesetter.into_missing() })
}

/// Rows on a page as long as they need.
pub(crate) fn layout(rows: &[Row], typesetter: &mut Typesetter) -> Sheet {
    let mut roll = Roll { sheet: Sheet { width: WIDTH, ..Sheet::default() }, y: 5.0 * MM, typesetter };
    for row in rows {
        roll.row(row);
    }
    roll.sheet.height = roll.y + 6.0 * MM;
    roll.sheet
}

struct Roll<'a> {
    sheet: Sheet,
    /// Where the next row starts.
    y: f32,
    typesetter: &'a mut Typesetter,
}

impl Roll<'_> {
    const CONTENT: f32 = WIDTH - 2.0 * MARGIN;
    const RIGHT: f32 = WIDTH - MARGIN;

    fn row(&mut self, row: &Row) {
        match row {
            Row::Centre(text, style) => self.centre(text, *style),
            Row::Left(text, style) => self.left(text, *style),
            Row::Pair(left, right, style) => self.pair(left, right, *style),
            Row::Rule => {
                self.y += 5.0;
                self.sheet.dashes(MARGIN, self.y, Self::CONTENT);
                self.y += 5.6;
            }
            Row::Gap => self.y += 7.0,
            Row::Air => self.y += 3.2,
            Row::Barcode(number) => self.barcode(number),
        }
    }

    /// Moves down one line and says where its baseline is.
    fn baseline(&mut self, style: Style) -> f32 {
        let (_, size, height) = style.metrics();
        let baseline = self.y + (height - size) / 2.0 + size * 0.88;
        self.y += height;
        baseline
    }

    fn wrapped(&mut self, text: &str, style: Style, width: f32) -> Vec<Line> {
        let (weight, size, _) = style.metrics();
        self.typesetter.wrap(text, weight, size, width)
    }

    fn centre(&mut self, text: &str, style: Style) {
        for line in self.wrapped(text, style, Self::CONTENT) {
            let baseline = self.baseline(style);
            self.sheet.text_centre(WIDTH / 2.0, baseline, line, Ink::Black);
        }
    }

    fn left(&mut self, text: &str, style: Style) {
        for line in self.wrapped(text, style, Self::CONTENT) {
            let baseline = self.baseline(style);
            self.sheet.text(MARGIN, baseline, line, Ink::Black);
        }
    }

    /// Left and right on one line if they go; else the left wraps, and what is right stands on the last line.
    fn pair(&mut self, left: &str, right: &str, style: Style) {
        let (weight, size, _) = style.metrics();
        let whole = self.typesetter.line(left, weight, size);
        let right = self.typesetter.line(right, weight, size);
        if whole.width + GUTTER + right.width <= Self::CONTENT {
            let baseline = self.baseline(style);
            self.sheet.text(MARGIN, baseline, whole, Ink::Black);
            self.sheet.text_right(Self::RIGHT, baseline, right, Ink::Black);
            return;
        }
        self.crowded_pair(left, right, style);
    }

    fn crowded_pair(&mut self, left: &str, right: Line, style: Style) {
        let (weight, size, _) = style.metrics();
        let room = Self::CONTENT - GUTTER - right.width;
        if room >= LEFT_LEAST {
            let lines = self.wrapped(left, style, room);
            let last = lines.len().saturating_sub(1);
            for (place, line) in lines.into_iter().enumerate() {
                let baseline = self.baseline(style);
                self.sheet.text(MARGIN, baseline, line, Ink::Black);
                if place == last {
                    self.sheet.text_right(Self::RIGHT, baseline, right.clone(), Ink::Black);
                }
            }
            return;
        }
        self.left(left, style);
        let text: String = right.runs.iter().map(|run| run.text.as_str()).collect();
        // An amount is never cut in two: it is made smaller.
        let is_amount = text.contains(|character: char| character.is_ascii_digit()) && !text.contains(' ');
        let lines = if is_amount { vec![self.typesetter.fit(&text, weight, size, Self::CONTENT)] } else { self.wrapped(&text, style, Self::CONTENT) };
        for line in lines {
            let baseline = self.baseline(style);
            self.sheet.text_right(Self::RIGHT, baseline, line, Ink::Black);
        }
    }

    fn barcode(&mut self, number: &str) {
        if let Some(modules) = barcode::modules(number) {
            let count = as_points(modules.len());
            // Whole dots of a receipt printer, so that all bars come out even: three (0.375 mm) or two. The quiet zones
            // of ten modules that belong to the code may reach into the margins.
            let fits = |module: &f32| count * module <= Self::CONTENT && (count + 20.0) * module <= WIDTH;
            if let Some(module) = [3.0 * DOT_SIZE, 2.0 * DOT_SIZE].into_iter().find(fits) {
                let width = module * count;
                self.sheet.bars((WIDTH - width) / 2.0, self.y, module, BARCODE_HEIGHT, &modules);
                self.y += BARCODE_HEIGHT + 2.0;
            }
        }
        self.centre(number, Style::Body);
    }
}
