//! Lists of products go out and come back the same; broken files are refused by row and never half.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use kontor_documents::products::{ParsedProduct, ProductNames, ProductReader, products_csv_header, products_csv_row};
use kontor_domain::catalog::{Category, NewBarcode, ProductDetail, ProductDraft, Tax};
use kontor_domain::host::ImportError;
use kontor_domain::ids::{CategoryId, ProductId, TaxId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::{Currency, Money, Quantity, Rate, UnitPrice};
use proptest::prelude::*;
use uuid::Uuid;

fn usd() -> &'static Currency {
    Currency::of("USD").expect("USD")
}

fn categories() -> Vec<Category> {
    let category = |number: u128, parent: Option<u128>, name: &str| Category {
        id: CategoryId(Uuid::from_u128(number)),
        parent_id: parent.map(|parent| CategoryId(Uuid::from_u128(parent))),
        name: name.into(),
        hue: 0,
        position: 0,
        active: true,
    };
    vec![category(1, None, "飲料"), category(2, Some(1), "茶 > 咖啡"), category(3, Some(3), "circle")]
}

fn names() -> ProductNames {
    let tax = Tax { id: TaxId(Uuid::from_u128(9)), name: "VAT 5 %".into(), rate: Rate(50_000), position: 0, active: true };
    ProductNames::new(usd(), &categories(), &[tax])
}

fn read(bytes: &[u8]) -> Result<Vec<Result<ParsedProduct, ImportError>>, Reject> {
    Ok(ProductReader::new(bytes, usd())?.collect())
}

fn read_well(bytes: &[u8]) -> Vec<ParsedProduct> {
    read(bytes).expect("a header").into_iter().map(|row| row.expect("a row")).collect()
}

fn write(draft: &ProductDraft) -> Vec<u8> {
    let product =
        ProductDetail { id: ProductId(Uuid::nil()), draft: draft.clone(), on_hand: Quantity::ZERO, stock_value: Money::ZERO, last_cost: None };
    [products_csv_header(), products_csv_row(&product, &names())].concat()
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[^\\p{C}\\s][^\\p{C}]{0,18}[^\\p{C}\\s]",
        r#"[=+@'"\\;>,#*-]{1,6}"#,
        Just("鳳梨酥 12 入禮盒".to_owned()),
        Just("=HYPERLINK(\"x\")".to_owned()),
        Just("'quoted'".to_owned()),
    ]
    .prop_map(|text| text.trim().to_owned())
    .prop_filter("says something and hides nothing", |text| !text.is_empty() && kontor_domain::text::check_line(text, "name", 64).is_ok())
}

prop_compose! {
    fn barcode()(code in "[A-Z0-9;*@#\\\\-]{1,14}", pack in prop_oneof![Just(1000_i64), 1_i64..1_000_000_000], price in proptest::option::of(0_i64..1_000_000_000_000), unit in prop_oneof![Just(String::new()), line()]) -> NewBarcode {
        NewBarcode { barcode: code, pack: Quantity(pack), pack_unit: unit, pack_price: price.map(UnitPrice) }
    }
}

prop_compose! {
    fn draft()(
        code in line(), name in line(), unit in line(), description in prop_oneof![Just(String::new()), line(), Just("two\nlines, \"quoted\"".to_owned())],
        category in prop_oneof![Just(None), Just(Some(1_u128)), Just(Some(2)), Just(Some(3))],
        price in 0_i64..9_000_000_000_000, low in prop_oneof![Just(-1_i64), 0_i64..1_000_000_000], high in prop_oneof![Just(-1_i64), 0_i64..1_000_000_000],
        active in any::<bool>(), barcodes in proptest::collection::vec(barcode(), 0..4), tags in proptest::collection::btree_set(line(), 0..4),
    ) -> ProductDraft {
        let mut barcodes = barcodes;
        barcodes.sort();
        barcodes.dedup_by(|left, right| left.barcode == right.barcode);
        ProductDraft {
            code, name, description, unit,
            category_id: category.map(|number| CategoryId(Uuid::from_u128(number))),
            tax_id: TaxId(Uuid::from_u128(9)),
            price: UnitPrice(price), low_threshold: Quantity(low), high_threshold: Quantity(high),
            favourite: None, active, barcodes, tags: tags.into_iter().collect(),
        }
    }
}

proptest! {
    #[test]
    fn a_product_comes_back_as_it_went(draft in draft()) {
        let rows = read(&write(&draft)).expect("a header");
        prop_assert_eq!(rows.len(), 1);
        let product = rows[0].clone().map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
        prop_assert_eq!(product.row, 2);
        prop_assert_eq!(product.code, draft.code);
        prop_assert_eq!(product.name, draft.name);
        prop_assert_eq!(product.unit, draft.unit);
        prop_assert_eq!(product.description, draft.description);
        prop_assert_eq!(product.barcodes, draft.barcodes);
        prop_assert_eq!(product.tags, draft.tags);
        prop_assert_eq!(product.price, draft.price);
        prop_assert_eq!(product.low, draft.low_threshold);
        prop_assert_eq!(product.high, draft.high_threshold);
        prop_assert_eq!(product.active, draft.active);
        prop_assert_eq!(product.tax.as_deref(), Some("VAT 5 %"));
        let category: &[&str] = match draft.category_id.map(|id| id.0.as_u128()) { Some(1) => &["飲料"], Some(2) => &["飲料", "茶 > 咖啡"], Some(_) => &["circle"; 4], None => &[] };
        prop_assert_eq!(product.category, category);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), text in ".{0,200}") {
        for input in [bytes.clone(), text.clone().into_bytes(), [b"code,name,price\n".to_vec(), bytes].concat(), format!("code,name,price\n{text}").into_bytes()] {
            if let Ok(rows) = read(&input) {
                drop(rows);
            }
        }
    }

    #[test]
    fn no_cell_starts_like_a_formula(name in "[=+@-].{0,20}") {
        let draft = ProductDraft { name, ..sample() };
        let text = String::from_utf8(write(&draft)).expect("UTF-8");
        let row = text.split_once("\r\n").expect("a row").1;
        let name = row.split_once(',').expect("a name").1.trim_start_matches('"');
        prop_assert!(name.starts_with('\''), "{}", name);
    }
}

fn sample() -> ProductDraft {
    ProductDraft {
        code: "PC-12".into(),
        name: "Pineapple cakes".into(),
        description: String::new(),
        unit: "box".into(),
        category_id: None,
        tax_id: TaxId(Uuid::from_u128(9)),
        price: UnitPrice(4_800_000),
        low_threshold: Quantity(-1),
        high_threshold: Quantity(-1),
        favourite: None,
        active: true,
        barcodes: Vec::new(),
        tags: Vec::new(),
    }
}

#[test]
fn a_file_is_read_however_it_was_saved() {
    let text = "Code;Name;Price;Barcodes\nA-1;鳳梨酥;1,200.50;\"471;472*12@5000#box\"\n";
    let expected = read_well(text.as_bytes());
    assert_eq!(expected[0].name, "鳳梨酥");
    assert_eq!(expected[0].price, UnitPrice(1_200_500_000));
    assert_eq!(expected[0].barcodes.len(), 2);
    assert_eq!(expected[0].barcodes[1].pack, Quantity(12_000));
    let with_mark = [b"\xEF\xBB\xBF".to_vec(), text.as_bytes().to_vec()].concat();
    let little: Vec<u8> = [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    let tabs = "code\tname\tprice\tbarcodes\r\nA-1\t鳳梨酥\t1200.50\t471;472*12@5000#box\r\n";
    for bytes in [with_mark, little, big, tabs.as_bytes().to_vec()] {
        assert_eq!(read_well(&bytes), expected);
    }
}

#[test]
fn headers_are_known_in_every_language_and_order() {
    let traditional = read_well("售價,名稱,代碼,條碼,販售中\n480,鳳梨酥,A-1,471,否\n".as_bytes());
    let simplified = read_well("价格,名称,编码,条码,在售\n480,鳳梨酥,A-1,471,否\n".as_bytes());
    assert_eq!(traditional, simplified);
    assert!(!traditional[0].active);
    assert_eq!(traditional[0].unit, "pcs");
    let reader = ProductReader::new("code,name,price,Shelf\n".as_bytes(), usd()).expect("a header");
    assert_eq!(reader.ignored_columns(), ["Shelf"]);
}

#[test]
fn european_prices_and_empty_rows_are_understood() {
    let rows = read_well(b"code;name;price\nA;Milk;12,50\n;;\n\nB;Bread;3\n");
    assert_eq!(rows.iter().map(|row| (row.row, row.price.0)).collect::<Vec<_>>(), [(2, 12_500_000), (4, 3_000_000)]);
}

#[test]
fn a_file_that_is_no_list_is_refused_at_its_head() {
    let code = |bytes: &[u8]| read(bytes).err().map(|reject| reject.code);
    assert_eq!(code(b"PK\x03\x04\x14\x00\x06\x00"), Some(Code::CsvOnly));
    assert_eq!(code(b"\x89PNG\r\n\x1a\n\x00\x00"), Some(Code::CsvOnly));
    assert_eq!(code(b"code,name,price\nA,\xA4\xA4\xA4\xE5,1\n"), Some(Code::CsvOnly));
    let utf16_without_mark: Vec<u8> = "code,name".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(code(&utf16_without_mark), Some(Code::CsvOnly));
    assert_eq!(code(b""), Some(Code::MissingColumns));
    assert_eq!(code(b"code,name,price,code\n"), Some(Code::Format));
    let missing = read(b"name,tax\n").expect_err("no code and no price");
    assert_eq!((missing.code, missing.args["columns"].as_str()), (Code::MissingColumns, "code, price"));
}

#[test]
fn each_wrong_row_says_what_is_wrong_with_it() {
    let long = "長".repeat(201);
    let cases = [
        ("A,,1,,,", Code::MissingValue, "column", "name"),
        ("A,Milk,,,,", Code::MissingValue, "column", "price"),
        ("A,Milk,one,,,", Code::Format, "field", "price"),
        ("A,Milk,1.234.5,,,", Code::Format, "field", "price"),
        ("A,Milk,-1,,,", Code::OutOfRange, "field", "price"),
        ("A,Milk,99999999999999999999,,,", Code::Format, "field", "price"),
        ("A,Milk,1,471*0,,", Code::OutOfRange, "field", "barcodes"),
        ("A,Milk,1,4.71002E+12,,", Code::Format, "field", "barcodes"),
        ("A,Milk,1,471;471,,", Code::Format, "field", "barcodes"),
        ("A,Milk,1,,many,", Code::Format, "field", "low"),
        ("A,Milk,1,,,perhaps", Code::Format, "field", "active"),
        ("A,Milk,1,,,,too,much", Code::Format, "field", "row"),
        ("A,\"two\nlines\",1,,,", Code::ForbiddenCharacter, "field", "name"),
        (&format!("A,{long},1,,,"), Code::TooLong, "field", "name"),
        (&format!("{},Milk,1,,,", "A".repeat(65)), Code::TooLong, "field", "code"),
    ];
    for (row, code, arg, value) in cases {
        let file = format!("code,name,price,barcodes,low,active\nX,Good,1,,,\n{row}\nY,Good,2,,,\n");
        let rows = read(file.as_bytes()).expect("a header");
        assert_eq!(rows.len(), 3, "{row}");
        assert!(rows[0].is_ok() && rows[2].is_ok(), "{row}");
        let error = rows[1].clone().expect_err(row);
        assert_eq!((error.row, error.reject.code, error.reject.args[arg].as_str()), (3, code, value), "{row}");
    }
}

#[test]
fn a_quote_that_is_never_closed_does_not_fill_the_memory() {
    let file = [b"code,name,price\nA,\"".to_vec(), vec![b'x'; 3 << 20]].concat();
    let rows = read(&file).expect("a header");
    assert_eq!(rows.len(), 1);
    let error = rows[0].clone().expect_err("too long");
    assert_eq!((error.row, error.reject.code), (2, Code::TooLong));
}

#[test]
fn a_hundred_thousand_rows_are_read_one_by_one() {
    let mut file = products_csv_header();
    for number in 0..100_000 {
        file.extend(format!("C-{number},鳳梨酥 {number},471{number:07},box,飲料 > 茶,a;b,{number}.50,VAT 5 %,,,,yes\r\n").bytes());
    }
    let reader = ProductReader::new(file.as_slice(), usd()).expect("a header");
    let mut count = 0;
    for row in reader {
        let row = row.expect("a row");
        count += 1;
        assert_eq!(row.row, count + 1);
    }
    assert_eq!(count, 100_000);
}
