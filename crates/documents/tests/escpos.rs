//! What ESC/POS printers get.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use encoding_rs::{BIG5, GB18030};
use kontor_documents::{
    Charset, DocumentError, EscposOptions, Fonts, PaperOptions, drawer_kick, receipt_escpos, shift_report_escpos, test_page_escpos,
};
use kontor_domain::settings::TaxMode;

#[path = "fixture/mod.rs"]
mod fixture;

const FIRST: PaperOptions = PaperOptions { copy: 0 };

fn printer(charset: Charset) -> EscposOptions {
    EscposOptions { charset, columns: 48 }
}

/// Takes the commands out: what is left is what is read.
fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut text = Vec::new();
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        let skip = match rest {
            [0x1B, b'@', ..] => 2,
            [0x1C, b'&', ..] => 2,
            [0x1B, b'E' | b'a', ..] | [0x1D, b'!' | b'h' | b'w' | b'H', ..] | [0x1C, b'!', ..] => 3,
            [0x1D, b'V', ..] => 4,
            [0x1D, b'k', 73, length, ..] => 4 + usize::from(*length),
            _ => 0,
        };
        if skip == 0 {
            text.push(*first);
            rest = tail;
        } else {
            rest = rest.get(skip..).expect("a whole command");
        }
    }
    text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

#[test]
fn chinese_is_sent_in_the_printers_character_set() -> Result<(), DocumentError> {
    let fonts = Fonts::find(&[]);
    for (charset, encoding) in [(Charset::Big5, BIG5), (Charset::Gb18030, GB18030)] {
        let paper = receipt_escpos(&fixture::taipei(), FIRST, printer(charset), &fonts)?;
        assert!(paper.bytes.starts_with(&[0x1B, b'@', 0x1C, b'&']));
        assert!(paper.bytes.ends_with(&[0x1D, b'V', 66, 0]));
        assert_eq!(paper.missing_characters, []);
        let lines = lines(&paper.bytes);
        let text: Vec<String> = lines.iter().map(|line| encoding.decode(line).0.into_owned()).collect();
        let all = text.join("\n");
        for word in ["港灣街門市", "統編 24536806", "鳳梨酥 12 入禮盒", "3 x $35", "折扣 -$30", "$1,365", "謝謝光臨"] {
            assert!(all.contains(word), "{word} is missing in\n{all}");
        }
        // Two bytes are two columns, so a line's bytes are its columns, and the right side ends at the last.
        assert!(lines.iter().all(|line| line.len() <= 48), "{all}");
        let amount = text.iter().position(|line| line.starts_with("3 x $35")).expect("the line");
        assert_eq!(lines[amount].len(), 48);
        assert!(text[amount].ends_with(" $105"));
        let total = text.iter().position(|line| line.starts_with("合計")).expect("the total");
        assert_eq!(lines[total].len(), 24, "letters of the total are twice as wide");
    }
    Ok(())
}

#[test]
fn characters_outside_the_character_set_are_told() -> Result<(), DocumentError> {
    let mut detail = fixture::taipei();
    detail.lines[0].name = "凤梨酥🍍".into();
    let paper = receipt_escpos(&detail, FIRST, printer(Charset::Big5), &Fonts::find(&[]))?;
    assert_eq!(paper.missing_characters, ['凤', '🍍']);
    let all: Vec<u8> = lines(&paper.bytes).concat();
    assert!(BIG5.decode(&all).0.contains("？梨酥？"), "{}", BIG5.decode(&all).0);
    Ok(())
}

#[test]
fn the_number_is_sent_as_code_128() -> Result<(), DocumentError> {
    let paper = receipt_escpos(&fixture::taipei(), FIRST, printer(Charset::Big5), &Fonts::find(&[]))?;
    let command = [&[0x1D, b'k', 73, 15][..], b"{BHS-2-7-004412"].concat();
    assert!(paper.bytes.windows(command.len()).any(|window| window == command));
    Ok(())
}

#[test]
fn as_a_picture_the_barcode_has_even_bars_and_reads_as_the_number() -> Result<(), DocumentError> {
    let paper = receipt_escpos(&fixture::taipei(), FIRST, printer(Charset::Raster), &Fonts::find(&[]))?;
    let rows = picture(&paper.bytes);
    assert!(rows.len() > 800, "{} rows", rows.len());
    assert_eq!(paper.missing_characters, []);
    let expected = barcoders::sym::code128::Code128::new("ƁHS-2-7-004412").expect("a code").encode();
    let wide: Vec<bool> = expected.iter().flat_map(|module| [*module == 1; 3]).collect();
    let same = rows.iter().filter(|row| row.windows(wide.len()).any(|window| window == wide)).count();
    assert!(same > 60, "{same} rows show the code");
    Ok(())
}

/// Dots of all bands.
fn picture(bytes: &[u8]) -> Vec<Vec<bool>> {
    let mut rest = bytes.strip_prefix(&[0x1B, b'@']).expect("a start");
    let mut rows = Vec::new();
    while let [0x1D, b'v', b'0', 0, xl, xh, yl, yh, tail @ ..] = rest {
        let stride = usize::from(u16::from_le_bytes([*xl, *xh]));
        let count = usize::from(u16::from_le_bytes([*yl, *yh]));
        assert_eq!(stride, 72);
        let (band, after) = tail.split_at(stride * count);
        rows.extend(band.chunks(stride).map(|row| row.iter().flat_map(|byte| (0..8).map(move |bit| byte & (0x80 >> bit) != 0)).collect()));
        rest = after;
    }
    assert_eq!(rest, [0x1D, b'V', 66, 0]);
    rows
}

#[test]
fn reports_and_test_pages_come_in_every_character_set() -> Result<(), DocumentError> {
    let fonts = Fonts::find(&[]);
    let company = fixture::company("zh-Hans", "CNY", TaxMode::Inclusive);
    for charset in Charset::ALL {
        assert_eq!(Charset::of(charset.word()), Some(*charset));
        let report = shift_report_escpos(&fixture::shift(true, "zh-Hant"), &company, FIRST, printer(*charset), &fonts)?;
        assert!(report.bytes.len() > 500);
        let narrow = EscposOptions { charset: *charset, columns: 0 };
        assert!(test_page_escpos(&company, narrow, &fonts)?.bytes.len() > 100);
    }
    assert_eq!(drawer_kick(), [0x1B, b'p', 0, 25, 250]);
    Ok(())
}
