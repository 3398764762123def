//! What is printed and exported: data in, bytes out; and what pictures that come in are ([`picture`]).
//!
//! A receipt or shift report is a list of rows (`rows`) that three hands can write: a PDF of 80 mm, ESC/POS text, and
//! ESC/POS as a picture. So all paper shows the same figures. The A4 invoice has a hand of its own. Fonts come from
//! [`Fonts`]; a character that no font has is replaced and told in [`Paper::missing_characters`], never a silent box.
//! Lists of products come and go as CSV ([`products`]); who needs only these leaves the feature `paper` off, and with it
//! fonts and PDF.

#[cfg(feature = "paper")]
mod barcode;
#[cfg(feature = "paper")]
mod escpos;
#[cfg(feature = "paper")]
mod fonts;
#[cfg(feature = "paper")]
mod invoice;
#[cfg(feature = "paper")]
mod pdf;
#[cfg(feature = "pictures")]
pub mod picture;
pub mod products;
#[cfg(feature = "paper")]
mod raster;
#[cfg(feature = "paper")]
mod receipt;
#[cfg(feature = "paper")]
mod roll;
#[cfg(feature = "paper")]
mod rows;
#[cfg(feature = "paper")]
mod sheet;
#[cfg(feature = "paper")]
mod shift_report;
#[cfg(feature = "paper")]
mod typeset;
#[cfg(feature = "paper")]
mod words;

#[cfg(all(test, feature = "paper"))]
mod layout_tests;
#[cfg(all(test, feature = "paper"))]
mod receipt_tests;

#[cfg(feature = "paper")]
pub use escpos::{Charset, EscposOptions, drawer_kick, receipt_escpos, shift_report_escpos, test_page_escpos, test_page_pdf};
#[cfg(feature = "paper")]
pub use fonts::Fonts;
#[cfg(feature = "paper")]
pub use invoice::invoice_pdf;
#[cfg(feature = "paper")]
pub use receipt::receipt_pdf;
#[cfg(feature = "paper")]
pub use shift_report::shift_report_pdf;

/// Paper that is ready for a printer or a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paper {
    /// The PDF or the printer's commands.
    pub bytes: Vec<u8>,
    /// Characters that no font (or not the printer's character set) has, each once; `〓` or `?` stands for them.
    pub missing_characters: Vec<char>,
}

/// What is asked of a piece of paper beside its data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaperOptions {
    /// 0 for the original, n for `COPY n`.
    pub copy: i64,
}

/// Why there is no paper.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Neither the program's folder nor the system has a font for Chinese.
    #[error("no font with Chinese characters was found")]
    NoFont,
    /// A font file cannot be used.
    #[error("the font {0} cannot be used: {1}")]
    BadFont(String, String),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// The company has a currency that this program does not know.
    #[error("unknown currency {0}")]
    UnknownCurrency(String),
    /// The document's figures do not add up to something that can be written.
    #[error("the figures cannot be written: {0}")]
    Figures(#[from] kontor_domain::reject::Reject),
}
