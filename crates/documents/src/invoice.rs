//! The A4 invoice: who, to whom, a table that goes over pages, tax, totals, payments.

use kontor_domain::counter::{SaleDetail, SaleKind, SaleLine};
use kontor_domain::settings::{Company, TaxMode};
use kontor_domain::units::Money;
use kontor_translations::{Key, key};

use crate::fonts::{Fonts, Weight};
use crate::receipt::{payment_figures, till_and_person};
use crate::rows::{DOT, company_numbers};
use crate::sheet::{Ink, MM, Sheet, as_points};
use crate::typeset::{Line, Typesetter};
use crate::words::Words;
use crate::{DocumentError, Paper, PaperOptions, barcode, pdf};

const WIDTH: f32 = 210.0 * MM;
const HEIGHT: f32 = 297.0 * MM;
const LEFT: f32 = 18.0 * MM;
const RIGHT: f32 = WIDTH - LEFT;
const TOP: f32 = 17.0 * MM;
/// Nothing but the page's foot is below this.
const BOTTOM: f32 = HEIGHT - 23.0 * MM;
const BARCODE_WIDTH: f32 = 58.0 * MM;

/// The invoice as a PDF on A4 pages, in the company's language.
pub fn invoice_pdf(sale: &SaleDetail, options: PaperOptions, fonts: &Fonts) -> Result<Paper, DocumentError> {
    let words = Words::of(&sale.company)?;
    let mut typesetter = Typesetter::new(fonts.faces(words.locale)?);
    let sheets = layout(sale, options, &words, &mut typesetter)?;
    let title = format!("{} {}", words.say(kind_key(sale)), sale.sale.number);
    let bytes = pdf::write(&sheets, &title, &typesetter.faces)?;
    Ok(Paper { bytes, missing_characters: typesetter.into_missing() })
}

pub(crate) fn layout(sale: &SaleDetail, options: PaperOptions, words: &Words, typesetter: &mut Typesetter) -> Result<Vec<Sheet>, DocumentError> {
    let columns = columns(sale, words, typesetter)?;
    let mut pages = Pages { done: Vec::new(), sheet: blank(), y: TOP, typesetter, words, columns };
    pages.head(sale, options);
    pages.parties(sale);
    pages.table_head();
    for line in &sale.lines {
        pages.article(line, sale.sale.tax_mode)?;
    }
    pages.totals(sale)?;
    pages.closing_words(sale);
    Ok(pages.finish(&sale.sale.number))
}

const fn kind_key(detail: &SaleDetail) -> Key {
    match detail.sale.kind {
        SaleKind::Sale => key::PAPER_INVOICE,
        SaleKind::Refund => key::PAPER_REFUND_NOTE,
    }
}

fn blank() -> Sheet {
    Sheet { width: WIDTH, height: HEIGHT, items: Vec::new() }
}

/// A column of figures: where it ends, and how wide they may be.
#[derive(Clone, Copy)]
struct Column {
    edge: f32,
    width: f32,
}

/// The figures' columns; what is left of them is for names.
struct Columns {
    number: f32,
    quantity: Column,
    price: Column,
    discount: Option<Column>,
    tax: Column,
    amount: Column,
    name_width: f32,
}

/// Between columns.
const GUTTER: f32 = 14.0;

/// What a line's amount column shows: with tax where prices contain it.
const fn amount_of(line: &SaleLine, mode: TaxMode) -> Money {
    match mode {
        TaxMode::Inclusive => line.total,
        TaxMode::Exclusive => line.base,
    }
}

fn discount_of(line: &SaleLine) -> Result<Money, DocumentError> {
    Ok(line.discount.plus(line.cart_discount)?)
}

/// Columns as wide as their widest figure, so that nothing ever touches; absurd figures are made smaller, so that
/// names keep their room.
fn columns(detail: &SaleDetail, words: &Words, typesetter: &mut Typesetter) -> Result<Columns, DocumentError> {
    let mut widest = |title: Key, most: f32, texts: Vec<String>| {
        let title = typesetter.line(&words.say(title), Weight::Bold, Pages::HEAD_SIZE).width;
        texts.iter().map(|text| typesetter.line(text, Weight::Regular, Pages::SIZE).width).fold(title, f32::max).min(most)
    };
    let lines = &detail.lines;
    let number = widest(key::PAPER_COLUMN_LINE, 34.0, lines.iter().map(|line| line.line.to_string()).collect());
    let quantity = widest(key::PAPER_COLUMN_QUANTITY, 76.0, lines.iter().map(|line| words.quantity(line.quantity, &line.unit)).collect());
    let price = widest(key::PAPER_COLUMN_PRICE, 66.0, lines.iter().map(|line| words.price(line.unit_price)).collect());
    let has_discount = lines.iter().any(|line| !line.discount.is_zero() || !line.cart_discount.is_zero());
    let discounts = lines.iter().map(|line| Ok(words.money(discount_of(line)?.negated()?))).collect::<Result<Vec<_>, DocumentError>>()?;
    let discount = has_discount.then(|| widest(key::PAPER_COLUMN_DISCOUNT, 62.0, discounts));
    let tax = widest(key::PAPER_COLUMN_TAX, 40.0, lines.iter().map(|line| format!("{}%", words.percent(line.tax_rate))).collect());
    let amount = widest(key::PAPER_COLUMN_AMOUNT, 80.0, lines.iter().map(|line| words.money(amount_of(line, detail.sale.tax_mode))).collect());
    let mut edge = RIGHT;
    let mut next = |width: f32| {
        let column = Column { edge, width };
        edge -= width + GUTTER;
        column
    };
    let (amount, tax) = (next(amount), next(tax));
    let discount = discount.map(&mut next);
    let (price, quantity) = (next(price), next(quantity));
    let number = number + GUTTER;
    Ok(Columns { number, quantity, price, discount, tax, amount, name_width: edge - LEFT - number })
}

struct Pages<'a> {
    done: Vec<Sheet>,
    sheet: Sheet,
    /// Where the next thing starts.
    y: f32,
    typesetter: &'a mut Typesetter,
    words: &'a Words,
    columns: Columns,
}

impl Pages<'_> {
    const SIZE: f32 = 10.0;
    const HEAD_SIZE: f32 = 9.5;
    const SMALL: f32 = 8.5;
    const LINE: f32 = 14.0;

    fn regular(&mut self, text: &str, size: f32) -> Line {
        self.typesetter.line(text, Weight::Regular, size)
    }

    fn bold(&mut self, text: &str, size: f32) -> Line {
        self.typesetter.line(text, Weight::Bold, size)
    }

    /// Wrapped text at x; says where it ends.
    fn block(&mut self, place: (f32, f32), width: f32, text: &str, weight: Weight, size: f32, ink: Ink) -> f32 {
        let (x, mut y) = place;
        for line in self.typesetter.wrap(text, weight, size, width) {
            self.sheet.text(x, y + size, line, ink);
            y += size * 1.4;
        }
        y
    }

    /// A new page with the table's head, if so much does not go on this one.
    fn need(&mut self, height: f32) {
        if self.y + height > BOTTOM {
            self.turn();
            self.table_head();
        }
    }

    fn turn(&mut self) {
        self.done.push(std::mem::replace(&mut self.sheet, blank()));
        self.y = TOP;
    }

    /// Kind, number, barcode, when and where.
    fn head(&mut self, detail: &SaleDetail, options: PaperOptions) {
        let title = format!("{} {}", self.words.say(kind_key(detail)), detail.sale.number);
        let width = RIGHT - LEFT - BARCODE_WIDTH - 12.0;
        let title = self.typesetter.fit(&title, Weight::Bold, 21.0, width);
        self.sheet.text(LEFT, TOP + 21.0, title, Ink::Black);
        let mut facts = [self.words.moment(detail.sale.at), till_and_person(detail, self.words)].join(DOT);
        if let Some(number) = &detail.refund_of_number {
            facts = [facts, self.words.say_with(key::PAPER_REFUND_OF, "number", number)].join(DOT);
        }
        let mut end = self.block((LEFT, TOP + 30.0), width, &facts, Weight::Regular, Self::SIZE, Ink::Black);
        if options.copy > 0 {
            let copy = self.words.say_all(key::PAPER_COPY, &[("count", options.copy.into())]);
            end = self.block((LEFT, end), width, &copy, Weight::Bold, 11.0, Ink::Black);
        }
        self.head_barcode(&detail.sale.number);
        self.y = end.max(TOP + 44.0) + 16.0;
    }

    fn head_barcode(&mut self, number: &str) {
        let left = RIGHT - BARCODE_WIDTH;
        let Some(modules) = barcode::modules(number) else { return };
        let module = BARCODE_WIDTH / as_points(modules.len());
        self.sheet.bars(left, TOP, module, 25.0, &modules);
        let text = self.typesetter.fit(number, Weight::Regular, Self::SIZE, BARCODE_WIDTH);
        self.sheet.text_centre(left + BARCODE_WIDTH / 2.0, TOP + 38.0, text, Ink::Black);
    }

    /// The company on the left, the buyer on the right.
    fn parties(&mut self, detail: &SaleDetail) {
        const GAP: f32 = 24.0;
        let width = (RIGHT - LEFT - GAP) / 2.0;
        let seller = self.seller(&detail.company, width);
        let buyer = self.buyer(detail, LEFT + width + GAP, width);
        self.y = seller.max(buyer) + 18.0;
    }

    fn seller(&mut self, company: &Company, width: f32) -> f32 {
        let end = self.block((LEFT, self.y + 13.0), width, &company.name, Weight::Bold, 12.5, Ink::Black);
        let numbers = company_numbers(company, self.words).join(DOT);
        let mut y = end + 1.0;
        for text in [&company.address, &numbers] {
            if !text.is_empty() {
                y = self.block((LEFT, y), width, text, Weight::Regular, Self::SIZE, Ink::Black);
            }
        }
        y
    }

    fn buyer(&mut self, detail: &SaleDetail, x: f32, width: f32) -> f32 {
        let label = self.words.say(key::PAPER_BILL_TO);
        let y = self.block((x, self.y), width, &label, Weight::Regular, Self::SMALL, Ink::Grey);
        let name = if detail.sale.customer_name.is_empty() { self.words.say(key::PAPER_WALK_IN) } else { detail.sale.customer_name.clone() };
        let mut y = self.block((x, y + 1.1), width, &name, Weight::Bold, 12.5, Ink::Black) + 1.0;
        if !detail.sale.customer_tax_number.is_empty() {
            let number = self.words.say_with(key::PAPER_TAX_NUMBER, "number", &detail.sale.customer_tax_number);
            y = self.block((x, y), width, &number, Weight::Regular, Self::SIZE, Ink::Black);
        }
        y
    }

    fn table_head(&mut self) {
        let baseline = self.y + 10.0;
        let number = self.words.say(key::PAPER_COLUMN_LINE);
        let number = self.bold(&number, Self::HEAD_SIZE);
        self.sheet.text(LEFT, baseline, number, Ink::Black);
        let product = self.words.say(key::PAPER_COLUMN_PRODUCT);
        let product = self.bold(&product, Self::HEAD_SIZE);
        self.sheet.text(LEFT + self.columns.number, baseline, product, Ink::Black);
        let columns = [
            (key::PAPER_COLUMN_QUANTITY, Some(self.columns.quantity)),
            (key::PAPER_COLUMN_PRICE, Some(self.columns.price)),
            (key::PAPER_COLUMN_DISCOUNT, self.columns.discount),
            (key::PAPER_COLUMN_TAX, Some(self.columns.tax)),
            (key::PAPER_COLUMN_AMOUNT, Some(self.columns.amount)),
        ];
        for (title, column) in columns {
            let Some(column) = column else { continue };
            let title = self.words.say(title);
            let title = self.typesetter.fit(&title, Weight::Bold, Self::HEAD_SIZE, column.width);
            self.sheet.text_right(column.edge, baseline, title, Ink::Black);
        }
        self.sheet.fill(LEFT, self.y + 17.0, RIGHT - LEFT, 0.9, Ink::Black);
        self.y += 22.0;
    }

    /// One line of the table: it stays on one page.
    fn article(&mut self, line: &SaleLine, mode: TaxMode) -> Result<(), DocumentError> {
        let name_width = self.columns.name_width;
        let names = self.typesetter.wrap(&line.name, Weight::Regular, Self::SIZE, name_width);
        let code = [&line.code, &line.barcode].into_iter().filter(|text| !text.is_empty()).map(String::as_str).collect::<Vec<_>>().join(DOT);
        let codes = if code.is_empty() { Vec::new() } else { self.typesetter.wrap(&code, Weight::Regular, Self::SMALL, name_width) };
        let height = as_points(names.len()) * Self::LINE + as_points(codes.len()) * 11.5 + 9.0;
        self.need(height);
        let baseline = self.y + Self::SIZE;
        self.article_figures(line, mode, baseline)?;
        let x = LEFT + self.columns.number;
        let mut y = self.y;
        for name in names {
            self.sheet.text(x, y + Self::SIZE, name, Ink::Black);
            y += Self::LINE;
        }
        for code in codes {
            self.sheet.text(x, y + Self::SMALL - 0.5, code, Ink::Grey);
            y += 11.5;
        }
        self.y += height;
        self.sheet.fill(LEFT, self.y - 4.5, RIGHT - LEFT, 0.5, Ink::Light);
        Ok(())
    }

    fn article_figures(&mut self, line: &SaleLine, mode: TaxMode, baseline: f32) -> Result<(), DocumentError> {
        let number = self.regular(&line.line.to_string(), Self::SIZE);
        self.sheet.text(LEFT, baseline, number, Ink::Grey);
        let discount = discount_of(line)?;
        let discount = if discount.is_zero() { String::new() } else { self.words.money(discount.negated()?) };
        let figures = [
            (Some(self.columns.quantity), self.words.quantity(line.quantity, &line.unit)),
            (Some(self.columns.price), self.words.price(line.unit_price)),
            (self.columns.discount, discount),
            (Some(self.columns.tax), format!("{}%", self.words.percent(line.tax_rate))),
            (Some(self.columns.amount), self.words.money(amount_of(line, mode))),
        ];
        for (column, figure) in figures {
            let Some(column) = column else { continue };
            let figure = self.typesetter.fit(&figure, Weight::Regular, Self::SIZE, column.width);
            self.sheet.text_right(column.edge, baseline, figure, Ink::Black);
        }
        Ok(())
    }

    /// Tax on the left, totals and payments on the right: together on one page.
    fn totals(&mut self, detail: &SaleDetail) -> Result<(), DocumentError> {
        let figures = self.figures(detail)?;
        let payments = payment_figures(detail, self.words)?;
        let right_height = as_points(figures.len() + payments.len()) * 15.5 + 46.0;
        let left_height = as_points(detail.taxes.len() + 3) * 15.5;
        let height = right_height.max(left_height);
        if self.y + height > BOTTOM {
            self.turn();
        }
        self.y += 8.0;
        let (top, middle) = (self.y, LEFT + (RIGHT - LEFT) * 0.56);
        self.tax_table(detail, top, middle - 28.0);
        let mut y = top;
        for (label, amount) in figures {
            y = self.figure(middle, y, &label, &amount);
        }
        y += 3.0;
        self.sheet.fill(middle, y, RIGHT - middle, 0.9, Ink::Black);
        y += 7.0;
        let label = self.words.say(if detail.sale.kind == SaleKind::Refund { key::PAPER_TOTAL_REFUND } else { key::PAPER_TOTAL });
        let amount = self.words.money(detail.sale.total);
        let label = self.bold(&label, 15.0);
        let amount = self.typesetter.fit(&amount, Weight::Bold, 17.0, RIGHT - middle - label.width - 10.0);
        self.sheet.text(middle, y + 16.0, label, Ink::Black);
        self.sheet.text_right(RIGHT, y + 16.0, amount, Ink::Black);
        y += 27.0;
        for (label, amount) in payments {
            y = self.figure(middle, y, &label, &amount);
        }
        self.y = top + height;
        Ok(())
    }

    /// What leads to the total.
    fn figures(&self, detail: &SaleDetail) -> Result<Vec<(String, String)>, DocumentError> {
        let sale = &detail.sale;
        let mut figures = vec![(self.words.say(key::PAPER_SUBTOTAL), self.words.money(sale.gross))];
        if !sale.discount.is_zero() {
            figures.push((self.words.say(key::PAPER_DISCOUNT), self.words.money(sale.discount.negated()?)));
        }
        figures.push((self.words.say(key::PAPER_COLUMN_BASE), self.words.money(sale.base)));
        figures.push((self.words.say(key::PAPER_COLUMN_TAX_AMOUNT), self.words.money(sale.tax)));
        Ok(figures)
    }

    fn figure(&mut self, left: f32, y: f32, label: &str, amount: &str) -> f32 {
        let amount = self.regular(amount, Self::SIZE);
        let label = self.typesetter.fit(label, Weight::Regular, Self::SIZE, RIGHT - left - amount.width - 8.0);
        self.sheet.text(left, y + Self::SIZE, label, Ink::Black);
        self.sheet.text_right(RIGHT, y + Self::SIZE, amount, Ink::Black);
        y + 15.5
    }

    /// Base, tax and both by class.
    fn tax_table(&mut self, detail: &SaleDetail, top: f32, right: f32) {
        let edges = [right - 114.0, right - 60.0, right];
        let title = self.words.say(key::PAPER_TAX_SUMMARY);
        let title = self.bold(&title, Self::HEAD_SIZE);
        self.sheet.text(LEFT, top + Self::SIZE, title, Ink::Black);
        for (head, edge) in [key::PAPER_COLUMN_BASE, key::PAPER_COLUMN_TAX_AMOUNT, key::PAPER_COLUMN_TOTAL].into_iter().zip(edges) {
            let head = self.words.say(head);
            let head = self.regular(&head, Self::SMALL);
            self.sheet.text_right(edge, top + Self::SIZE, head, Ink::Grey);
        }
        self.sheet.fill(LEFT, top + 15.0, right - LEFT, 0.5, Ink::Light);
        let mut y = top + 19.0;
        for tax in &detail.taxes {
            let both = tax.base.plus(tax.tax).unwrap_or_default();
            let widths = [edges[0] - LEFT - 58.0, 54.0, 50.0, 56.0];
            let name = self.typesetter.fit(&tax.name, Weight::Regular, Self::SIZE, widths[0]);
            self.sheet.text(LEFT, y + Self::SIZE, name, Ink::Black);
            for ((amount, edge), width) in [tax.base, tax.tax, both].into_iter().zip(edges).zip(&widths[1..]) {
                let amount = self.words.money(amount);
                let amount = self.typesetter.fit(&amount, Weight::Regular, Self::SIZE, *width);
                self.sheet.text_right(edge, y + Self::SIZE, amount, Ink::Black);
            }
            y += 15.5;
        }
        let mode = match detail.sale.tax_mode {
            TaxMode::Inclusive => key::PAPER_PRICES_INCLUSIVE,
            TaxMode::Exclusive => key::PAPER_PRICES_EXCLUSIVE,
        };
        let mode = self.words.say(mode);
        let mode = self.regular(&mode, Self::SMALL);
        self.sheet.text(LEFT, y + Self::SIZE, mode, Ink::Grey);
    }

    /// Note and the company's last lines.
    fn closing_words(&mut self, detail: &SaleDetail) {
        let note = (!detail.sale.note.is_empty()).then(|| format!("{}: {}", self.words.say(key::PAPER_NOTE), detail.sale.note));
        let footer = Some(detail.company.receipt_footer.trim().to_owned()).filter(|text| !text.is_empty());
        self.y += 10.0;
        for text in note.into_iter().chain(footer) {
            for line in self.typesetter.wrap(&text, Weight::Regular, Self::SIZE, RIGHT - LEFT) {
                if self.y + Self::LINE > BOTTOM {
                    self.turn();
                }
                self.sheet.text(LEFT, self.y + Self::SIZE, line, Ink::Black);
                self.y += Self::LINE;
            }
            self.y += 6.0;
        }
    }

    /// Every page gets its foot, now that their count is known.
    fn finish(mut self, number: &str) -> Vec<Sheet> {
        self.turn();
        let mut sheets = std::mem::take(&mut self.done);
        let count = i64::try_from(sheets.len()).unwrap_or(i64::MAX);
        for (page, sheet) in (1..).zip(&mut sheets) {
            let text = self.words.say_all(key::PAPER_PAGE, &[("page", i64::into(page)), ("pages", count.into())]);
            let text = self.regular(&text, Self::SMALL);
            let number = self.regular(number, Self::SMALL);
            sheet.text(LEFT, HEIGHT - 13.0 * MM, number, Ink::Grey);
            sheet.text_right(RIGHT, HEIGHT - 13.0 * MM, text, Ink::Grey);
        }
        sheets
    }
}
