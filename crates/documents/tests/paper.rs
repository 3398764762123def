//! Paper shows the stored figures, in three languages, within its margins, and can be read again.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::process::Command;

use kontor_documents::{DocumentError, Fonts, Paper, PaperOptions, invoice_pdf, receipt_pdf, shift_report_pdf};
use kontor_domain::counter::SaleDetail;
use kontor_domain::counter::cart::Discount;
use kontor_domain::settings::TaxMode;
use kontor_domain::units::{Currency, Money, Quantity};

#[path = "fixture/mod.rs"]
mod fixture;

const FIRST: PaperOptions = PaperOptions { copy: 0 };

fn fonts() -> Fonts {
    Fonts::find(&[])
}

/// The text of a PDF, as a person would copy it.
fn text(paper: &Paper) -> String {
    let output = pdf_tool("pdftotext", &["-layout"], &paper.bytes);
    assert!(!output.is_empty(), "the PDF has no text");
    output
}

fn pdf_tool(tool: &str, args: &[&str], bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("paper.pdf");
    std::fs::write(&path, bytes).expect("a file");
    let mut command = Command::new(tool);
    command.args(args).arg(&path);
    if tool == "pdftotext" {
        command.arg("-");
    }
    let output = command.output().expect("poppler-utils are installed by the project's setup");
    assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Every figure of the sale stands on the paper.
fn assert_figures(detail: &SaleDetail, text: &str) {
    let currency = Currency::of(&detail.company.currency).expect("a currency");
    let sale = &detail.sale;
    let mut amounts = vec![sale.total, sale.change];
    amounts.extend(detail.lines.iter().map(|line| Money(line.gross.0 - line.discount.0)));
    amounts.extend(detail.taxes.iter().flat_map(|tax| [tax.base, tax.tax]).filter(|amount| !amount.is_zero()));
    for amount in amounts.into_iter().filter(|amount| !amount.is_zero()) {
        let figure = currency.with_symbol(amount);
        assert!(text.contains(&figure), "{figure} is missing in\n{text}");
    }
    for line in &detail.lines {
        let figure = currency.price_figure(line.unit_price);
        assert!(text.contains(&figure), "{figure} is missing in\n{text}");
    }
    assert!(text.contains(&sale.number));
}

#[test]
fn a_receipt_shows_the_stored_figures_in_three_languages() -> Result<(), DocumentError> {
    let fonts = fonts();
    for (detail, words) in [
        (
            fixture::taipei(),
            [
                "港灣街門市",
                "統編 24536806",
                "合計",
                "現金",
                "找零",
                "應稅銷售額 5%",
                "2026-11-21 10:44",
                "收銀機 2",
                "鳳梨酥 12 入禮盒",
                "折扣 −$30",
                "謝謝光臨",
            ]
            .as_slice(),
        ),
        (
            fixture::baltimore(),
            &[
                "Harbour Street Store",
                "Till 2",
                "20 Nov 2026 21:44",
                "Taxable sales 6%",
                "Exempt",
                "Card 4242",
                "Change",
                "Lin Hardware Ltd",
                "52-7654321",
                "Discount on all",
            ],
        ),
        (fixture::shanghai_refund(), &["海港街便利店", "退货", "原小票 HS-2-7-004412", "退款合计", "现金抹零", "退现金", "税额 13%", "−3 × ¥4.55"]),
    ] {
        let paper = receipt_pdf(&detail, FIRST, &fonts)?;
        let text = text(&paper);
        assert_figures(&detail, &text);
        for word in words {
            assert!(text.contains(word), "{word} is missing in\n{text}");
        }
        assert_eq!(paper.missing_characters, []);
        assert!(paper.bytes.len() < 60_000, "{} bytes: the fonts are not subset", paper.bytes.len());
    }
    Ok(())
}

/// What a reader makes of the barcodes on the first page, as a printer of 203 dots an inch puts it down.
fn scanned(paper: &Paper) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let (pdf, picture) = (folder.path().join("paper.pdf"), folder.path().join("page"));
    std::fs::write(&pdf, &paper.bytes).expect("a file");
    let drawn = Command::new("pdftoppm").args(["-r", "203", "-png", "-singlefile", "-mono"]).arg(&pdf).arg(&picture).status();
    assert!(drawn.expect("poppler-utils are installed by the project's setup").success());
    let read = Command::new("zbarimg").args(["--quiet", "--raw"]).arg(picture.with_extension("png")).output();
    let read = read.expect("zbar-tools are installed by the project's setup");
    String::from_utf8_lossy(&read.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn the_receipt_number_is_scanned_from_the_paper() -> Result<(), DocumentError> {
    let fonts = fonts();
    for detail in [fixture::taipei(), fixture::baltimore(), fixture::shanghai_refund(), fixture::long_sale("zh-Hant")] {
        let number = vec![detail.sale.number.clone()];
        assert_eq!(scanned(&receipt_pdf(&detail, FIRST, &fonts)?), number, "the receipt");
        assert_eq!(scanned(&invoice_pdf(&detail, FIRST, &fonts)?), number, "the invoice");
    }
    Ok(())
}

#[test]
fn fonts_are_embedded_as_subsets() -> Result<(), DocumentError> {
    let paper = receipt_pdf(&fixture::taipei(), FIRST, &fonts())?;
    let listing = pdf_tool("pdffonts", &[], &paper.bytes);
    let rows: Vec<&str> = listing.lines().skip(2).collect();
    assert!(!rows.is_empty());
    for row in rows {
        assert!(row.contains("Identity-H       yes yes yes"), "{listing}");
    }
    Ok(())
}

#[test]
fn a_copy_is_marked_as_one() -> Result<(), DocumentError> {
    let fonts = fonts();
    assert!(text(&receipt_pdf(&fixture::baltimore(), PaperOptions { copy: 3 }, &fonts)?).contains("COPY 3"));
    assert!(text(&receipt_pdf(&fixture::taipei(), PaperOptions { copy: 1 }, &fonts)?).contains("副本 1"));
    assert!(!text(&receipt_pdf(&fixture::baltimore(), FIRST, &fonts)?).contains("COPY"));
    Ok(())
}

#[test]
fn an_invoice_repeats_its_head_and_counts_its_pages() -> Result<(), DocumentError> {
    let detail = fixture::long_sale("zh-Hant");
    let paper = invoice_pdf(&detail, FIRST, &fonts())?;
    let text = text(&paper);
    let pages: Vec<&str> = text.split('\u{c}').filter(|page| !page.trim().is_empty()).collect();
    assert!(pages.len() >= 3, "{}", pages.len());
    for (number, page) in pages.iter().enumerate() {
        assert!(page.contains(&format!("第 {} 頁，共 {} 頁", number + 1, pages.len())), "{page}");
        assert!(page.contains("品名"), "page {} has no head\n{page}", number + 1);
    }
    for line in &detail.lines {
        assert!(text.contains(&line.name), "{} is missing", line.name);
    }
    assert!(text.contains("林記五金有限公司") && text.contains("12345675"));
    assert!(text.contains("$13,968") && text.contains("−$432"));
    let english = text_of_english_invoice()?;
    assert!(english.contains("Bill to") && english.contains("Page 1 of 1") && english.contains("$30.59"), "{english}");
    Ok(())
}

fn text_of_english_invoice() -> Result<String, DocumentError> {
    Ok(text(&invoice_pdf(&fixture::baltimore(), FIRST, &fonts())?))
}

#[test]
fn a_closed_shift_is_a_z_report_and_an_open_one_an_x_report() -> Result<(), DocumentError> {
    let fonts = fonts();
    let company = fixture::company("zh-Hant", "TWD", TaxMode::Inclusive);
    let z = text(&shift_report_pdf(&fixture::shift(true, "zh-Hant"), &company, FIRST, &fonts)?);
    for word in [
        "Z 帳表 118",
        "$60,130",
        "$29,630",
        "$24,500",
        "$57,267",
        "$2,863",
        "$35,130",
        "$35,080",
        "短缺",
        "−$50",
        "−$500",
        "$2,000 × 4",
        "HS-2-7-004327",
        "HS-2-7-004414",
        "86 筆",
    ] {
        assert!(z.contains(word), "{word} is missing in\n{z}");
    }
    let x = text(&shift_report_pdf(&fixture::shift(false, "en"), &fixture::company("en", "TWD", TaxMode::Inclusive), FIRST, &fonts)?);
    for word in ["X report", "Shift still open", "Expected", "$35,130"] {
        assert!(x.contains(word), "{word} is missing in\n{x}");
    }
    assert!(!x.contains("Counted"));
    Ok(())
}

#[test]
fn a_character_without_a_glyph_is_replaced_and_told() -> Result<(), DocumentError> {
    let mut detail = fixture::taipei();
    detail.lines[0].name = "鳳梨酥 \u{E123}\u{10FFFD}".into();
    let paper = receipt_pdf(&detail, FIRST, &fonts())?;
    assert_eq!(paper.missing_characters, ['\u{E123}', '\u{10FFFD}']);
    assert!(text(&paper).contains("鳳梨酥 〓〓"));
    Ok(())
}

#[test]
fn rare_characters_and_other_scripts_are_found_in_some_font() -> Result<(), DocumentError> {
    let mut detail = fixture::taipei();
    detail.lines[0].name = "𠮷野家 Müller Łódź Ωμέγα кофе".into();
    let paper = receipt_pdf(&detail, FIRST, &fonts())?;
    assert_eq!(paper.missing_characters, []);
    let text = text(&paper);
    assert!(text.contains("𠮷野家") && text.contains("Łódź"), "{text}");
    Ok(())
}

#[test]
fn absurd_figures_and_names_still_make_paper() -> Result<(), DocumentError> {
    let name = "長".repeat(200);
    let word = "W".repeat(200);
    let articles = [
        (name.as_str(), "非常長的單位名稱非常長的單位名稱", 99_999_999, "999999", Discount::None, 50_000),
        (word.as_str(), "", 1, "0.0001", Discount::None, 0),
        ("named below", "", 1000, "1", Discount::None, 50_000),
    ];
    let mut detail = fixture::sale(fixture::company("zh-Hant", "TWD", TaxMode::Inclusive), &articles, Discount::None, "99999999999999");
    // What the domain would refuse today may still stand in an old file.
    detail.lines[2].name = "\u{202E}\u{0}\t".into();
    detail.sale.customer_name = "客".repeat(200);
    detail.sale.number = "A".repeat(80);
    detail.sale.total = Money(i64::MIN);
    detail.sale.rounding = Money(1);
    detail.company.time_zone = "Nowhere/Land".into();
    detail.company.name = "店".repeat(200);
    let fonts = fonts();
    assert!(text(&receipt_pdf(&detail, FIRST, &fonts)?).contains("UTC"));
    invoice_pdf(&detail, FIRST, &fonts)?;
    detail.company.currency = "XXX".into();
    assert!(matches!(receipt_pdf(&detail, FIRST, &fonts), Err(DocumentError::UnknownCurrency(_))));
    Ok(())
}

#[test]
fn an_empty_sale_makes_paper() -> Result<(), DocumentError> {
    let mut detail = fixture::taipei();
    detail.lines.clear();
    detail.taxes.clear();
    detail.tenders.clear();
    let fonts = fonts();
    receipt_pdf(&detail, FIRST, &fonts)?;
    invoice_pdf(&detail, FIRST, &fonts)?;
    assert_eq!(Quantity::ZERO, Quantity(0));
    Ok(())
}

#[test]
fn without_fonts_there_is_an_error_and_no_boxes() {
    assert!(matches!(Fonts::from_bytes((vec![0; 100], 0), (Vec::new(), 0)), Err(DocumentError::BadFont(..))));
}
