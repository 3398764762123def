//! Rows as commands of an ESC/POS receipt printer.

use std::collections::BTreeSet;

use encoding_rs::{BIG5, Encoding, GB18030};
use kontor_domain::counter::{SaleDetail, ShiftDetail};
use kontor_domain::settings::Company;
use kontor_translations::key;

use crate::fonts::Fonts;
use crate::rows::{Row, Style, letterhead};
use crate::sheet::as_points;
use crate::typeset::{Typesetter, printable, wrap};
use crate::words::Words;
use crate::{DocumentError, Paper, PaperOptions, barcode, raster, receipt, roll, shift_report};

const ESC: u8 = 0x1B;
const GS: u8 = 0x1D;
const FS: u8 = 0x1C;
/// Dots of the printed 72 mm at 203 dpi.
const DOTS: usize = 576;
/// Rows of dots sent at once: small buffers hold it.
const BAND_ROWS: usize = 192;

/// How Chinese reaches the printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// A printer sold in Taiwan or Hong Kong.
    Big5,
    /// A printer sold on the mainland.
    Gb18030,
    /// Any printer: the paper is sent as a picture.
    Raster,
}

impl Charset {
    /// Every character set.
    pub const ALL: &'static [Self] = &[Self::Big5, Self::Gb18030, Self::Raster];

    /// The word that a printer's settings keep.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Big5 => "big5",
            Self::Gb18030 => "gb18030",
            Self::Raster => "raster",
        }
    }

    /// The character set of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|charset| charset.word() == word)
    }
}

/// What a printer can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EscposOptions {
    /// How Chinese reaches it.
    pub charset: Charset,
    /// Columns of its small letters: 48 on 80 mm paper.
    pub columns: usize,
}

impl Default for EscposOptions {
    fn default() -> Self {
        Self { charset: Charset::Raster, columns: 48 }
    }
}

/// A receipt for an ESC/POS printer.
pub fn receipt_escpos(sale: &SaleDetail, options: PaperOptions, printer: EscposOptions, fonts: &Fonts) -> Result<Paper, DocumentError> {
    let words = Words::of(&sale.company)?;
    write(&receipt::rows(sale, options, &words)?, &words, printer, fonts)
}

/// A shift's report for an ESC/POS printer.
pub fn shift_report_escpos(
    shift: &ShiftDetail,
    company: &Company,
    options: PaperOptions,
    printer: EscposOptions,
    fonts: &Fonts,
) -> Result<Paper, DocumentError> {
    let words = Words::of(company)?;
    write(&shift_report::rows(shift, company, options, &words)?, &words, printer, fonts)
}

/// A page that shows whether a printer is set up: Chinese, columns, barcode, cut.
pub fn test_page_escpos(company: &Company, printer: EscposOptions, fonts: &Fonts) -> Result<Paper, DocumentError> {
    let words = Words::of(company)?;
    write(&test_rows(company, &words), &words, printer, fonts)
}

/// The same page as a PDF, for printers of the system.
pub fn test_page_pdf(company: &Company, fonts: &Fonts) -> Result<Paper, DocumentError> {
    let words = Words::of(company)?;
    crate::roll::pdf(&test_rows(company, &words), "test", &words, fonts)
}

fn test_rows(company: &Company, words: &Words) -> Vec<Row> {
    let mut rows = letterhead(company, words);
    rows.push(Row::Rule);
    rows.push(Row::Centre(words.say(key::PAPER_TEST), Style::Title));
    rows.push(Row::centre(words.say(key::PAPER_TEST_TEXT)));
    rows.push(Row::Rule);
    rows.push(Row::pair("0123456789", "ABCDEFGHIJ"));
    rows.push(Row::pair("繁體中文 简体中文", "鳳梨酥 凤梨酥"));
    rows.push(Row::Pair(words.say(key::PAPER_TOTAL), "1,234,567".to_owned(), Style::Total));
    rows.push(Row::Barcode(format!("{}-TEST", company.code)));
    rows
}

/// Opens the cash drawer on the printer's first connector.
pub fn drawer_kick() -> Vec<u8> {
    vec![ESC, b'p', 0, 25, 250]
}

fn write(rows: &[Row], words: &Words, printer: EscposOptions, fonts: &Fonts) -> Result<Paper, DocumentError> {
    let encoding = match printer.charset {
        Charset::Big5 => BIG5,
        Charset::Gb18030 => GB18030,
        Charset::Raster => return picture(rows, words, fonts),
    };
    let mut writer = Writer { bytes: vec![ESC, b'@', FS, b'&'], columns: printer.columns.max(16), encoding, missing: BTreeSet::new() };
    for row in rows {
        writer.row(row);
    }
    writer.cut();
    Ok(Paper { bytes: writer.bytes, missing_characters: writer.missing.into_iter().collect() })
}

/// The same page as the PDF, in dots.
fn picture(rows: &[Row], words: &Words, fonts: &Fonts) -> Result<Paper, DocumentError> {
    let mut typesetter = Typesetter::new(fonts.faces(words.locale)?);
    let sheet = roll::layout(rows, &mut typesetter);
    let dots = 1.0 / roll::DOT_SIZE;
    let bitmap = raster::draw(&sheet, &typesetter.faces, roll::MARGIN, DOTS, dots);
    let mut bytes = vec![ESC, b'@'];
    for band in bitmap.bits.chunks(bitmap.stride * BAND_ROWS) {
        let rows = band.len() / bitmap.stride;
        bytes.extend([GS, b'v', b'0', 0]);
        for count in [bitmap.stride, rows] {
            bytes.extend(u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes());
        }
        bytes.extend(band);
    }
    bytes.extend(CUT);
    Ok(Paper { bytes, missing_characters: typesetter.into_missing() })
}

/// Feeds past the knife and cuts, leaving a bridge.
const CUT: [u8; 4] = [GS, b'V', 66, 0];

struct Writer {
    bytes: Vec<u8>,
    columns: usize,
    encoding: &'static Encoding,
    missing: BTreeSet<char>,
}

impl Writer {
    fn row(&mut self, row: &Row) {
        match row {
            Row::Centre(text, style) => self.lines(text, *style, |columns, width| columns.saturating_sub(width) / 2),
            Row::Left(text, style) => self.lines(text, *style, |_, _| 0),
            Row::Pair(left, right, style) => self.pair(left, right, *style),
            Row::Rule => self.plain(&"-".repeat(self.columns)),
            Row::Gap => self.bytes.push(b'\n'),
            Row::Air => {}
            Row::Barcode(number) => self.barcode(number),
        }
    }

    /// How wide and high a style's letters are, in small ones.
    const fn scale(style: Style) -> (usize, u8) {
        match style {
            Style::Body | Style::Strong => (1, 0x00),
            Style::Title | Style::Total => (2, 0x11),
        }
    }

    fn start(&mut self, style: Style, size: u8) {
        let bold = u8::from(style != Style::Body);
        // GS ! is for letters, FS ! (bits 2 and 3) for Chinese on printers that keep the two apart.
        let chinese = if size & 0x10 == 0 { 0 } else { 0x04 } | if size & 0x01 == 0 { 0 } else { 0x08 };
        self.bytes.extend([ESC, b'E', bold, GS, b'!', size, FS, b'!', chinese]);
    }

    fn finish(&mut self) {
        self.bytes.extend([ESC, b'E', 0, GS, b'!', 0, FS, b'!', 0]);
    }

    fn lines(&mut self, text: &str, style: Style, indent: impl Fn(usize, usize) -> usize) {
        let (scale, size) = Self::scale(style);
        let columns = self.columns / scale;
        self.start(style, size);
        for line in self.wrapped(text, columns) {
            let spaces = indent(columns, width_of(&line));
            self.plain(&format!("{}{line}", " ".repeat(spaces)));
        }
        self.finish();
    }

    fn wrapped(&self, text: &str, columns: usize) -> Vec<String> {
        wrap(text, as_points(columns), |part| as_points(width_of(part)))
    }

    fn pair(&mut self, left: &str, right: &str, style: Style) {
        let (mut scale, mut size) = Self::scale(style);
        if scale == 2 && width_of(left) + width_of(right) + 1 > self.columns / 2 {
            // Too much for wide letters: high ones.
            (scale, size) = (1, 0x01);
        }
        let columns = self.columns / scale;
        self.start(style, size);
        let room = columns.saturating_sub(width_of(right) + 1);
        if room >= columns / 4 {
            let mut lines = self.wrapped(left, room);
            let last = lines.pop().unwrap_or_default();
            for line in lines {
                self.plain(&line);
            }
            let spaces = columns.saturating_sub(width_of(&last) + width_of(right));
            self.plain(&format!("{last}{}{right}", " ".repeat(spaces)));
        } else {
            for line in self.wrapped(left, columns) {
                self.plain(&line);
            }
            for line in self.wrapped(right, columns) {
                self.plain(&format!("{}{line}", " ".repeat(columns.saturating_sub(width_of(&line)))));
            }
        }
        self.finish();
    }

    fn plain(&mut self, text: &str) {
        for character in text.chars().filter_map(printable) {
            self.character(character);
        }
        self.bytes.push(b'\n');
    }

    fn character(&mut self, character: char) {
        let character = half_width(character);
        if character.is_ascii() {
            self.bytes.extend(u8::try_from(character));
            return;
        }
        match self.encoded(character).or_else(|| {
            self.missing.insert(character);
            // Big5 has no geta.
            if width_of_one(character) == 2 { ['〓', '？'].into_iter().find_map(|instead| self.encoded(instead)) } else { None }
        }) {
            Some(two) => self.bytes.extend(two),
            None => self.bytes.extend(std::iter::repeat_n(b'?', width_of_one(character))),
        }
    }

    /// Two bytes, as printers take them: GB 18030 has four-byte characters that few of them know.
    fn encoded(&self, character: char) -> Option<[u8; 2]> {
        let mut utf8 = [0; 4];
        let (bytes, _, is_missing) = self.encoding.encode(character.encode_utf8(&mut utf8));
        if is_missing { None } else { <[u8; 2]>::try_from(bytes.as_ref()).ok() }
    }

    fn barcode(&mut self, number: &str) {
        if let Some(modules) = barcode::modules(number) {
            let module = (DOTS * self.columns / 48 / modules.len().max(1)).min(3);
            let length = u8::try_from(number.len() + 2).unwrap_or(0);
            if module >= 2 && length > 0 {
                self.bytes.extend([ESC, b'a', 1, GS, b'h', 72, GS, b'w', u8::try_from(module).unwrap_or(2), GS, b'H', 0]);
                self.bytes.extend([GS, b'k', 73, length, b'{', b'B']);
                self.bytes.extend(number.as_bytes());
                self.bytes.extend([b'\n', ESC, b'a', 0]);
            }
        }
        self.row(&Row::Centre(number.to_owned(), Style::Body));
    }

    fn cut(&mut self) {
        self.bytes.extend(CUT);
    }
}

/// Signs whose code is two columns wide in Chinese character sets and that have a narrow twin.
const fn half_width(character: char) -> char {
    match character {
        '−' | '–' | '—' => '-',
        '×' => 'x',
        '·' => ' ',
        '’' | '‘' => '\'',
        '“' | '”' => '"',
        '¥' => '￥',
        other => other,
    }
}

/// Columns of a character: Chinese takes two.
const fn width_of_one(character: char) -> usize {
    if half_width(character).is_ascii() { 1 } else { 2 }
}

fn width_of(text: &str) -> usize {
    text.chars().filter_map(printable).map(width_of_one).sum()
}
