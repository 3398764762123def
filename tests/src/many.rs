//! Many products with names as shops have them, in three languages, for measurements.

use std::path::Path;

use kontor_desktop::platform;
use kontor_desktop::shop::Shop;
use kontor_domain::catalog::{self, IMPORT_ROWS_LIMIT, Import, ImportedProduct, NewBarcode, ProductDraft, THRESHOLD_OFF};
use kontor_domain::command::Command;
use kontor_domain::ids::{BatchId, CommandId, ProductId};
use kontor_domain::units::{Quantity, UnitPrice};

use crate::dice::Dice;
use crate::shop::{Founded, found_command, id};

const ENGLISH: &[&str] = &[
    "espresso",
    "oolong",
    "sourdough",
    "pineapple",
    "sesame",
    "sparkling",
    "honey",
    "longan",
    "noodle",
    "mushroom",
    "detergent",
    "towel",
    "candle",
    "notebook",
    "fountain",
    "eraser",
    "chocolate",
    "almond",
    "walnut",
    "ginger",
    "lemon",
    "orange",
    "bamboo",
    "ceramic",
    "cotton",
    "silver",
    "garden",
    "mountain",
    "harbour",
    "valley",
    "morning",
    "classic",
    "premium",
    "organic",
    "family",
    "travel",
    "winter",
    "summer",
    "golden",
    "quiet",
];
const TRADITIONAL: &[&str] = &[
    "鳳梨",
    "烏龍",
    "麵包",
    "禮盒",
    "麻油",
    "氣泡",
    "蜂蜜",
    "龍眼",
    "香菇",
    "醬油",
    "洗碗",
    "紙巾",
    "蠟燭",
    "筆記",
    "鋼筆",
    "橡皮",
    "巧克力",
    "杏仁",
    "核桃",
    "薑糖",
    "檸檬",
    "柳橙",
    "竹編",
    "陶瓷",
    "純棉",
    "銀飾",
    "花園",
    "高山",
    "港灣",
    "谷地",
    "晨光",
    "經典",
    "頂級",
    "有機",
    "家庭",
    "旅行",
    "冬季",
    "夏日",
    "金黃",
    "寧靜",
];
const SIMPLIFIED: &[&str] = &[
    "凤梨",
    "乌龙",
    "面包",
    "礼盒",
    "麻油",
    "气泡",
    "蜂蜜",
    "龙眼",
    "香菇",
    "酱油",
    "洗碗",
    "纸巾",
    "蜡烛",
    "笔记",
    "钢笔",
    "橡皮",
    "巧克力",
    "杏仁",
    "核桃",
    "姜糖",
    "柠檬",
    "橙子",
    "竹编",
    "陶瓷",
    "纯棉",
    "银饰",
    "花园",
    "高山",
    "港湾",
    "谷地",
    "晨光",
    "经典",
    "顶级",
    "有机",
    "家庭",
    "旅行",
    "冬季",
    "夏日",
    "金黄",
    "宁静",
];

/// What is typed, by language: one, two, three and more characters.
pub const QUERIES: &[(&str, &[&str])] = &[
    ("en", &["e", "es", "esp", "espresso", "oolong garden"]),
    ("zh-Hant", &["鳳", "鳳梨", "巧克力", "鳳梨禮盒"]),
    ("zh-Hans", &["凤", "凤梨", "巧克力", "凤梨礼盒"]),
];

/// The barcode of the product of a number.
pub fn barcode(number: u32) -> String {
    format!("4719{number:09}")
}

fn name(dice: &mut Dice, number: u32) -> String {
    let words = [ENGLISH, TRADITIONAL, SIMPLIFIED][usize::try_from(number % 3).unwrap_or(0)];
    let separator = if number.is_multiple_of(3) { " " } else { "" };
    let parts: Vec<&str> = (0..3).map(|_| words[dice.index(words.len())]).collect();
    format!("{} {number}", parts.join(separator))
}

/// Imports that make so many products.
pub fn import_commands(founded: &Founded, count: u32) -> anyhow::Result<Vec<Command>> {
    let mut dice = Dice::new(3);
    let batch_id = BatchId(id());
    let mut imports = Vec::new();
    let mut number = 0;
    while number < count {
        let upto = count.min(number + u32::try_from(IMPORT_ROWS_LIMIT)?);
        let rows =
            (number..upto).map(|number| ImportedProduct { id: ProductId(id()), before: None, after: draft(founded, &mut dice, number) }).collect();
        imports.push(Command::Catalog(catalog::Command::Import(Import { batch_id, categories: Vec::new(), rows })));
        number = upto;
    }
    Ok(imports)
}

/// Founds the shop and makes so many products.
pub async fn fill_products(shop: &Shop, count: u32) -> anyhow::Result<Founded> {
    let (command, founded) = found_command(shop.installation.person, 0);
    shop.submit(CommandId(id()), command, platform::now()).await?;
    let mut waiting = Vec::new();
    let mut made = 0;
    for import in import_commands(&founded, count)? {
        waiting.push(shop.send(CommandId(id()), import, platform::now())?);
        made += IMPORT_ROWS_LIMIT;
        if waiting.len() == 8 {
            for answer in waiting.drain(..) {
                answer.await??;
            }
            eprintln!("{made} products");
        }
    }
    for answer in waiting {
        answer.await??;
    }
    Ok(founded)
}

fn draft(founded: &Founded, dice: &mut Dice, number: u32) -> ProductDraft {
    ProductDraft {
        code: format!("M{number:07}"),
        name: name(dice, number),
        description: String::new(),
        unit: "pcs".into(),
        category_id: None,
        tax_id: founded.tax,
        price: UnitPrice(UnitPrice::PER_MINOR_UNIT * (10 + i64::from(number % 900))),
        low_threshold: THRESHOLD_OFF,
        high_threshold: THRESHOLD_OFF,
        favourite: (number < 16).then_some(i64::from(number)),
        active: true,
        barcodes: vec![NewBarcode { barcode: barcode(number), pack: Quantity::ONE, pack_unit: String::new(), pack_price: None }],
        tags: Vec::new(),
    }
}

/// What the program does after a large import: the search index becomes one segment.
pub fn optimize(folder: &Path) -> anyhow::Result<()> {
    let file = rusqlite::Connection::open(folder.join("shop.kontor"))?;
    kontor_store::sqlite::optimize_search(&file)?;
    Ok(())
}
