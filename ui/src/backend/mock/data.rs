//! The canned shop.

use kontor_domain::catalog::{Category, Page, ProductHit, ScanHit, Tax};
use kontor_domain::command::{Command, Event};
use kontor_domain::counter::{self, ParkedCart, SaleKind, SaleRow, Shift, ShiftState, Till, cart};
use kontor_domain::host::{Preferences, ShopFile, Start};
use kontor_domain::identity::Person;
use kontor_domain::ids::{CategoryId, CompanyId, DeviceId, LocationId, PersonId, PrinterId, ProductId, RoleId, ShiftId, TaxId, TillId, WarehouseId};
use kontor_domain::printing::{PaperKind, Printer, PrinterKind};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::settings::{self, Company, Device, Session, TaxMode};
use kontor_domain::stock::{Location, LocationKind};
use kontor_domain::time::{BusinessDate, Instant};
use kontor_domain::units::{Money, Quantity, Rate, UnitPrice};
use uuid::Uuid;

const fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// All that the mock knows.
pub(super) struct Shop {
    /// Whether there is a company.
    pub(super) open: bool,
    pub(super) categories: Vec<Category>,
    pub(super) products: Vec<(ProductHit, String)>,
    pub(super) tax: Tax,
    pub(super) sales: Vec<SaleRow>,
    pub(super) parked: Vec<ParkedCart>,
    shift_open: bool,
    locale: String,
    flags: String,
}

fn flags() -> String {
    let search = web_sys::window().and_then(|window| window.location().search().ok());
    search.unwrap_or_default()
}

fn now() -> Instant {
    Instant(js_sys::Date::now() as i64)
}

fn today() -> BusinessDate {
    "2026-11-21".parse().unwrap_or(BusinessDate(chrono::NaiveDate::MIN))
}

const GOODS: &[(&str, &str, &str, i64, i64, i64)] = &[
    ("ES-250", "Espresso beans, house roast 250 g", "招牌義式咖啡豆 250 g", 320, 42, 0),
    ("DB-10", "Drip bags, Alishan, 10", "阿里山濾掛咖啡 10 入", 280, 18, 0),
    ("SD-1", "Sourdough loaf", "酸種麵包", 150, 6, 1),
    ("PC-12", "Pineapple cake, box of 12", "鳳梨酥 12 入禮盒", 480, 31, 2),
    ("OT-150", "Oolong tea, Dongding 150 g", "凍頂烏龍 150 g", 450, 12, 3),
    ("SM-1", "Soy milk 1 L", "豆漿 1 L", 65, 24, 4),
    ("SO-500", "Sesame oil 500 ml", "黑麻油 500 ml", 360, 9, 3),
    ("SW-330", "Sparkling water 330 ml", "氣泡水 330 ml", 35, 120, 4),
    ("ER-T", "Egg rolls, tin", "手工蛋捲 鐵盒", 420, 3, 2),
    ("RI-2", "Rice, Chishang 2 kg", "池上米 2 kg", 260, 40, 3),
    ("DS-500", "Dish soap, citrus 500 ml", "柑橘洗碗精 500 ml", 119, 17, 5),
    ("HN-700", "Honey, longan 700 g", "龍眼蜜 700 g", 520, 8, 3),
    ("CR-1", "Croissant", "可頌", 55, 14, 1),
    ("GB-L", "Gift bag, large", "大禮袋", 20, 200, 5),
    ("BN-KG", "Bananas, per kg", "香蕉 每公斤", 48, 11, 3),
    ("PT-6", "Paper towels, 6", "紙巾 6 捲", 139, 26, 5),
];

const CATEGORIES: &[(&str, &str)] =
    &[("Coffee", "咖啡"), ("Bakery", "烘焙"), ("Gifts", "禮盒"), ("Pantry", "南北貨"), ("Drinks", "飲料"), ("Household", "日用品")];

impl Shop {
    pub(super) fn new() -> Self {
        let flags = flags();
        let locale = ["zh-Hant", "zh-Hans"].into_iter().find(|tag| flags.contains(tag)).unwrap_or("en").to_owned();
        let mut shop = Self {
            open: !flags.contains("first"),
            categories: Vec::new(),
            products: Vec::new(),
            tax: Tax { id: TaxId(id(900)), name: "5 %".into(), rate: Rate(50_000), position: 0, active: true },
            sales: Vec::new(),
            parked: Vec::new(),
            shift_open: !flags.contains("noshift"),
            locale,
            flags,
        };
        shop.fill();
        shop
    }

    fn name(&self, english: &str, chinese: &str) -> String {
        if self.locale == "en" { english.to_owned() } else { chinese.to_owned() }
    }

    fn fill(&mut self) {
        if self.flags.contains("nogoods") {
            return;
        }
        for (index, (english, chinese)) in CATEGORIES.iter().enumerate() {
            let number = index as i64;
            self.categories.push(Category {
                id: CategoryId(id(100 + index as u128)),
                parent_id: None,
                name: self.name(english, chinese),
                hue: number,
                position: number,
                active: true,
            });
        }
        for (index, (code, english, chinese, price, stock, category)) in GOODS.iter().enumerate() {
            let of = &self.categories[usize::try_from(*category).unwrap_or_default()];
            let hit = ProductHit {
                id: ProductId(id(1000 + index as u128)),
                code: (*code).into(),
                name: self.name(english, chinese),
                unit: if code.ends_with("KG") { "kg".into() } else { "pcs".into() },
                category_id: Some(of.id),
                category_name: Some(of.name.clone()),
                hue: of.hue,
                tax_id: self.tax.id,
                tax_rate: self.tax.rate,
                price: UnitPrice(price * 10_000),
                on_hand: Quantity(stock * 1000),
                low_threshold: Quantity(5000),
                active: true,
                thumbnail: None,
            };
            self.products.push((hit, format!("47100180001{index:02}")));
        }
    }

    pub(super) fn start(&self) -> Start {
        let problem = self.flags.contains("problem").then(|| Reject::new(Code::FileDamaged).with("path", "/home/mei/.local/share/kontor/shop.db"));
        Start {
            version: "0.1.0".into(),
            preferences: Preferences { locale: Some(self.locale.clone()), theme: theme(&self.flags), ..Preferences::default() },
            system_locale: self.locale.clone(),
            time_zone: "Asia/Taipei".into(),
            today: today(),
            now: now(),
            has_company: self.open && problem.is_none(),
            has_own_shop: false,
            file: ShopFile::Own,
            path: "/home/mei/.local/share/kontor/shop.db".into(),
            company: CompanyId(id(1)),
            device: DeviceId(id(2)),
            person: PersonId(id(3)),
            problem,
            warning: None,
        }
    }

    pub(super) fn session(&self) -> Option<Session> {
        self.open.then(|| Session {
            company: Company {
                id: CompanyId(id(1)),
                name: self.name("Harbour Street", "港灣街門市"),
                code: "HS".into(),
                tax_number: "24536806".into(),
                phone: "02-2388-1024".into(),
                address: String::new(),
                currency: "TWD".into(),
                tax_mode: TaxMode::Inclusive,
                cash_step: Money(1),
                time_zone: "Asia/Taipei".into(),
                locale: self.locale.clone(),
                receipt_footer: String::new(),
                scale_barcodes: String::new(),
                demo: false,
                expires_at: None,
            },
            device: Device { id: DeviceId(id(2)), name: "till".into(), till_id: Some(TillId(id(4))) },
            person: Person {
                id: PersonId(id(3)),
                name: self.name("Mei-Ling", "美玲"),
                active: true,
                username: String::new(),
                role_id: RoleId::OWNER,
            },
            till: Some(Till {
                id: TillId(id(4)),
                number: 2,
                name: String::new(),
                warehouse_id: WarehouseId(id(5)),
                location_id: LocationId(id(6)),
                open_shift_id: self.shift_open.then_some(ShiftId(id(7))),
                last_business_date: Some(today()),
            }),
            shift: self.shift_open.then(|| Shift {
                id: ShiftId(id(7)),
                till_id: TillId(id(4)),
                warehouse_id: WarehouseId(id(5)),
                number: None,
                business_date: today(),
                state: ShiftState::Open,
                float: Money(3000),
                opened_at: now(),
                opened_by: PersonId(id(3)),
                closed_at: None,
                closed_by: None,
                expected: None,
                counted: None,
                denominations: String::new(),
            }),
            taxes: vec![self.tax.clone()],
            locations: vec![Location {
                id: LocationId(id(6)),
                warehouse_id: WarehouseId(id(5)),
                code: "SHELF".into(),
                kind: LocationKind::Shelf,
                active: true,
            }],
            printers: vec![Printer {
                id: PrinterId(id(8)),
                device_id: DeviceId(id(2)),
                name: "Counter".into(),
                kind: PrinterKind::PdfFolder,
                address: "/tmp".into(),
                paper: PaperKind::Roll80,
                charset: "raster".into(),
                has_drawer: true,
                is_default: true,
                active: true,
            }],
            attention_count: 2,
            parked_count: self.parked.len() as i64,
            today: Some(today()),
        })
    }

    pub(super) fn search(&self, text: &str, limit: u32) -> Vec<ProductHit> {
        let text = text.to_lowercase();
        let fits =
            |hit: &ProductHit, barcode: &str| hit.name.to_lowercase().contains(&text) || hit.code.to_lowercase().contains(&text) || barcode == text;
        let hits = self.products.iter().filter(|(hit, barcode)| fits(hit, barcode)).map(|(hit, _)| hit.clone());
        hits.take(limit as usize).collect()
    }

    pub(super) fn scan(&self, code: &str) -> Vec<ScanHit> {
        let double = code == "2222222222222";
        let fits = |(hit, barcode): &&(ProductHit, String)| hit.code == code || barcode == code || (double && hit.hue == 3);
        let hit = |(hit, barcode): &(ProductHit, String)| ScanHit {
            product: hit.clone(),
            pack: Quantity::ONE,
            pack_unit: String::new(),
            pack_price: None,
            barcode: Some(barcode.clone()),
        };
        self.products.iter().filter(fits).map(hit).collect()
    }

    pub(super) fn tiles(&self, category: Option<CategoryId>, limit: u32) -> Vec<ProductHit> {
        let fits = |hit: &&ProductHit| category.is_none() || hit.category_id == category;
        self.products.iter().map(|(hit, _)| hit).filter(fits).take(limit as usize).cloned().collect()
    }

    /// A list of a hundred thousand, by repeating the few.
    pub(super) fn list(&self, offset: u32, limit: u32) -> Page<ProductHit> {
        let row = |index: u32| {
            let mut hit = self.products[index as usize % self.products.len()].0.clone();
            hit.id = ProductId(id(10_000 + u128::from(index)));
            hit.code = format!("{}-{index}", hit.code);
            hit
        };
        Page { rows: (offset..(offset + limit).min(100_000)).map(row).collect(), total: 100_000 }
    }

    /// Does as if; gives number and events.
    pub(super) fn execute(&mut self, command: &Command) -> Result<(Option<String>, Vec<Event>), Reject> {
        debug_assert!(super::is_known(command));
        match command {
            Command::Counter(counter::Command::Sell(sell)) => self.sell(sell),
            Command::Counter(counter::Command::OpenShift(_)) => {
                self.shift_open = true;
                Ok((None, vec![Event::ShiftChanged]))
            }
            Command::Counter(counter::Command::Park(park)) => {
                let figures = cart::price(&park.cart)?;
                self.parked.retain(|parked| Some(parked.id) != park.replaces);
                self.parked.push(ParkedCart {
                    id: park.parked_cart_id,
                    till_id: park.till_id,
                    name: park.name.clone(),
                    tax_number: park.tax_number.clone(),
                    at: now(),
                    lines: park.cart.lines.len() as i64,
                    total: figures.total,
                    cart: serde_json::to_string(&park.cart).unwrap_or_default(),
                });
                Ok((None, vec![Event::ParkedChanged]))
            }
            Command::Counter(counter::Command::Unpark(unpark)) => {
                self.parked.retain(|parked| parked.id != unpark.parked_cart_id);
                Ok((None, vec![Event::ParkedChanged]))
            }
            Command::Settings(settings::Command::Found(_)) => {
                self.open = true;
                Ok((None, vec![Event::SettingsChanged]))
            }
            _ => Ok((None, Vec::new())),
        }
    }

    fn sell(&mut self, sell: &counter::Sell) -> Result<(Option<String>, Vec<Event>), Reject> {
        if self.flags.contains("refuse") {
            return Err(Reject::new(Code::DiskFull));
        }
        cart::check_tenders(sell.figures.total, &sell.tenders, sell.rounding, Money(1))?;
        let number = format!("HS-2-1-{:06}", self.sales.len() + 4412);
        self.parked.retain(|parked| Some(parked.id) != sell.parked_cart_id);
        self.sales.push(SaleRow {
            id: sell.sale_id,
            number: number.clone(),
            kind: SaleKind::Sale,
            at: now(),
            business_date: today(),
            till_number: 2,
            person_name: "Mei-Ling".into(),
            customer_name: sell.customer_name.clone(),
            lines: sell.cart.lines.len() as i64,
            total: sell.figures.total,
            tenders: "cash".into(),
        });
        Ok((Some(number), vec![Event::SaleMade, Event::StockChanged, Event::ParkedChanged]))
    }
}

fn theme(flags: &str) -> kontor_domain::host::Theme {
    use kontor_domain::host::Theme;
    if flags.contains("dark") { Theme::Dark } else { Theme::Light }
}
