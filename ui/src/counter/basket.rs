//! What is being sold, as the person at the till puts it together. Pure: figures are the domain's.

use kontor_domain::catalog::{ProductHit, ScanHit, Tax};
use kontor_domain::counter::cart::{Cart, CartLine, Discount};
use kontor_domain::counter::{ParkedCart, Tender};
use kontor_domain::ids::{ParkedCartId, SaleId, TaxId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::settings::TaxMode;
use kontor_domain::units::{Quantity, UnitPrice, divide_rounded};
use serde::{Deserialize, Serialize};

/// The open sale. It is kept in the window's storage, so it survives a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Basket {
    /// The sale it will be: made now, so that after a crash we can ask whether it was done.
    pub(crate) sale_id: SaleId,
    /// Whether prices contain the tax, as it was when the first line came.
    pub(crate) tax_mode: TaxMode,
    /// The lines, oldest first.
    pub(crate) lines: Vec<BasketLine>,
    /// Discount on the whole.
    pub(crate) discount: Discount,
    /// Buyer's name.
    pub(crate) customer_name: String,
    /// Buyer's tax number.
    pub(crate) customer_tax_number: String,
    /// Money that was taken for it already.
    #[serde(default)]
    pub(crate) taken: Vec<Tender>,
    /// The parked cart it was taken up from.
    pub(crate) parked_cart_id: Option<ParkedCartId>,
    /// Whether it was on its way to be saved: set before, cleared with the sale.
    pub(crate) sent: bool,
    last_key: u32,
}

/// A line with a name of its own, so that the screen knows it again when it moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BasketLine {
    /// Its name.
    pub(crate) key: u32,
    /// What it sells.
    pub(crate) line: CartLine,
}

/// A line that was taken out and can be put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Removed {
    place: usize,
    pub(crate) line: BasketLine,
}

impl Basket {
    /// An empty one.
    pub(crate) const fn new(sale_id: SaleId, tax_mode: TaxMode) -> Self {
        Self {
            sale_id,
            tax_mode,
            lines: Vec::new(),
            discount: Discount::None,
            customer_name: String::new(),
            customer_tax_number: String::new(),
            taken: Vec::new(),
            parked_cart_id: None,
            sent: false,
            last_key: 0,
        }
    }

    /// What was parked, taken up again.
    pub(crate) fn from_parked(sale_id: SaleId, parked: &ParkedCart) -> Result<Self, Reject> {
        let cart: Cart = serde_json::from_str(&parked.cart).map_err(|_| Reject::field(Code::Format, "cart"))?;
        let mut basket = Self::new(sale_id, cart.tax_mode);
        basket.discount = cart.discount;
        basket.customer_name = parked.name.clone();
        basket.customer_tax_number = parked.tax_number.clone();
        basket.parked_cart_id = Some(parked.id);
        for line in cart.lines {
            basket.push(line);
        }
        Ok(basket)
    }

    /// Whether it is for nobody in particular.
    pub(crate) const fn has_no_buyer(&self) -> bool {
        self.customer_name.is_empty() && self.customer_tax_number.is_empty()
    }

    /// Whether nothing is in it.
    pub(crate) const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// As the domain has it.
    pub(crate) fn cart(&self) -> Cart {
        let lines = self.lines.iter().map(|line| line.line.clone()).collect();
        Cart { tax_mode: self.tax_mode, lines, discount: self.discount }
    }

    /// All quantities together.
    pub(crate) fn pieces(&self) -> Quantity {
        Quantity::sum(self.lines.iter().map(|line| line.line.quantity)).unwrap_or_default()
    }

    fn push(&mut self, line: CartLine) -> u32 {
        self.last_key += 1;
        self.lines.push(BasketLine { key: self.last_key, line });
        self.last_key
    }

    /// Puts something in. The same thing at the same price becomes more of its line, which is the
    /// newest then; gives the line's name.
    pub(crate) fn add(&mut self, line: CartLine) -> Result<u32, Reject> {
        let is_same = |known: &CartLine| {
            let same_thing = known.product_id == line.product_id && known.pack == line.pack && known.unit == line.unit;
            let same_price = known.list_price == line.list_price && known.unit_price == line.unit_price && known.tax_rate == line.tax_rate;
            same_thing && same_price && known.discount == Discount::None
        };
        let Some(place) = self.lines.iter().position(|known| is_same(&known.line)) else {
            return Ok(self.push(line));
        };
        let quantity = self.lines[place].line.quantity.plus(line.quantity)?;
        let mut known = self.lines.remove(place);
        known.line.quantity = quantity;
        let key = known.key;
        self.lines.push(known);
        Ok(key)
    }

    /// The line of a name.
    pub(crate) fn line(&self, key: u32) -> Option<&CartLine> {
        self.lines.iter().find(|line| line.key == key).map(|line| &line.line)
    }

    /// The newest line's name.
    pub(crate) fn newest(&self) -> Option<u32> {
        self.lines.last().map(|line| line.key)
    }

    /// The line's neighbour on the screen, where the newest stands on top.
    pub(crate) fn neighbour(&self, key: Option<u32>, step: Step) -> Option<u32> {
        let Some(place) = key.and_then(|key| self.lines.iter().position(|line| line.key == key)) else {
            return self.newest();
        };
        let place = match step {
            Step::Up => (place + 1).min(self.lines.len() - 1),
            Step::Down => place.saturating_sub(1),
        };
        self.lines.get(place).map(|line| line.key)
    }

    /// Changes a line.
    pub(crate) fn change(&mut self, key: u32, change: impl FnOnce(&mut CartLine)) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.key == key) {
            change(&mut line.line);
        }
    }

    /// Takes a line out.
    pub(crate) fn remove(&mut self, key: u32) -> Option<Removed> {
        let place = self.lines.iter().position(|line| line.key == key)?;
        Some(Removed { place, line: self.lines.remove(place) })
    }

    /// Puts it back where it was.
    pub(crate) fn put_back(&mut self, removed: Removed) {
        let place = removed.place.min(self.lines.len());
        self.lines.insert(place, removed.line);
    }
}

/// A step on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Up,
    Down,
}

fn tax_name(taxes: &[Tax], id: TaxId, hit: &ProductHit) -> String {
    let known = taxes.iter().find(|tax| tax.id == id).map(|tax| tax.name.clone());
    known.unwrap_or_else(|| format!("{} %", hit.tax_rate.percent_figure()))
}

/// A line of a product as it was shown.
pub(crate) fn line_of(hit: &ProductHit, quantity: Quantity, taxes: &[Tax]) -> CartLine {
    CartLine {
        product_id: hit.id,
        code: hit.code.clone(),
        name: hit.name.clone(),
        unit: hit.unit.clone(),
        barcode: String::new(),
        pack: Quantity::ONE,
        quantity,
        list_price: hit.price,
        unit_price: hit.price,
        discount: Discount::None,
        tax_id: hit.tax_id,
        tax_name: tax_name(taxes, hit.tax_id, hit),
        tax_rate: hit.tax_rate,
    }
}

/// A line of what was scanned: perhaps a pack with a price of its own.
pub(crate) fn line_of_scan(hit: &ScanHit, quantity: Quantity, taxes: &[Tax]) -> Result<CartLine, Reject> {
    let mut line = line_of(&hit.product, quantity, taxes);
    line.barcode = hit.barcode.clone().unwrap_or_default();
    line.pack = hit.pack;
    if !hit.pack_unit.is_empty() {
        line.unit = hit.pack_unit.clone();
    }
    let price = match hit.pack_price {
        Some(price) => price,
        None => pack_price(hit.product.price, hit.pack)?,
    };
    line.list_price = price;
    line.unit_price = price;
    Ok(line)
}

fn pack_price(price: UnitPrice, pack: Quantity) -> Result<UnitPrice, Reject> {
    let product = i128::from(price.0) * i128::from(pack.0);
    divide_rounded(product, 1000).map(UnitPrice).ok_or_else(|| Reject::field(Code::OutOfRange, "price"))
}

/// `3*cof` is three of what is found for `cof`.
pub(crate) fn split_times(text: &str) -> (Option<Quantity>, &str) {
    let Some((times, rest)) = text.split_once(['*', '＊', '×']) else { return (None, text) };
    match Quantity::parse(times) {
        Some(quantity) if quantity > Quantity::ZERO => (Some(quantity), rest.trim_start()),
        _ => (None, text),
    }
}

#[cfg(test)]
mod tests {
    use kontor_domain::ids::ProductId;
    use kontor_domain::units::Rate;
    use uuid::Uuid;

    use super::*;

    fn hit(number: u128) -> ProductHit {
        ProductHit {
            id: ProductId(Uuid::from_u128(number)),
            code: format!("P-{number}"),
            name: format!("Product {number}"),
            unit: "pcs".into(),
            category_id: None,
            category_name: None,
            hue: 0,
            tax_id: TaxId(Uuid::from_u128(1)),
            tax_rate: Rate(50_000),
            price: UnitPrice(350_000),
            on_hand: Quantity::ZERO,
            low_threshold: Quantity::ZERO,
            active: true,
            thumbnail: None,
        }
    }

    fn basket() -> Basket {
        Basket::new(SaleId(Uuid::nil()), TaxMode::Inclusive)
    }

    fn add(basket: &mut Basket, number: u128) -> Option<u32> {
        basket.add(line_of(&hit(number), Quantity::ONE, &[])).ok()
    }

    #[test]
    fn the_same_thing_again_is_more_of_its_line_and_the_newest() {
        let mut basket = basket();
        let first = add(&mut basket, 1);
        add(&mut basket, 2);
        assert_eq!(add(&mut basket, 1), first);
        assert_eq!(basket.lines.len(), 2);
        assert_eq!(basket.newest(), first);
        assert_eq!(first.and_then(|key| basket.line(key)).map(|line| line.quantity), Some(Quantity(2000)));
    }

    #[test]
    fn a_discounted_line_is_not_added_to() {
        let mut basket = basket();
        let first = add(&mut basket, 1).unwrap_or_default();
        basket.change(first, |line| line.discount = Discount::Percent(Rate(100_000)));
        assert_ne!(add(&mut basket, 1), Some(first));
    }

    #[test]
    fn a_removed_line_comes_back_where_it_was() {
        let mut basket = basket();
        for number in 1..=3 {
            add(&mut basket, number);
        }
        let before = basket.lines.clone();
        let middle = before[1].key;
        let removed = basket.remove(middle);
        assert_eq!(basket.lines.len(), 2);
        if let Some(removed) = removed {
            basket.put_back(removed);
        }
        assert_eq!(basket.lines, before);
    }

    #[test]
    fn arrows_walk_the_lines_as_they_are_shown() {
        let mut basket = basket();
        let keys: Vec<_> = (1..=3).map(|number| add(&mut basket, number)).collect();
        assert_eq!(basket.neighbour(None, Step::Down), keys[2]);
        assert_eq!(basket.neighbour(keys[2], Step::Down), keys[1]);
        assert_eq!(basket.neighbour(keys[2], Step::Up), keys[2]);
        assert_eq!(basket.neighbour(keys[0], Step::Down), keys[0]);
    }

    #[test]
    fn a_box_without_a_price_of_its_own_costs_its_pieces() {
        let scan = ScanHit { product: hit(1), pack: Quantity(12_000), pack_unit: "box".into(), pack_price: None, barcode: Some("1".into()) };
        let line = line_of_scan(&scan, Quantity::ONE, &[]);
        assert_eq!(line.as_ref().map(|line| line.unit_price), Ok(UnitPrice(4_200_000)));
        assert_eq!(line.map(|line| line.unit), Ok("box".to_owned()));
    }

    #[test]
    fn a_quantity_before_a_star_is_split_off() {
        assert_eq!(split_times("3*"), (Some(Quantity(3000)), ""));
        assert_eq!(split_times("1.5* tea"), (Some(Quantity(1500)), "tea"));
        assert_eq!(split_times("tea"), (None, "tea"));
        assert_eq!(split_times("0*tea"), (None, "0*tea"));
        assert_eq!(split_times("a*b"), (None, "a*b"));
    }
}
