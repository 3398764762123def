//! What a scanned code may mean.

use kontor_domain::catalog::has_right_check_digit;

/// The codes under which the thing may be known, the likeliest first.
///
/// A GS1 code carries the trade number behind `01`; a GTIN-14 that starts with 0 is an EAN-13, an
/// EAN-13 that starts with 0 is a UPC-A, and shops keep either.
pub(super) fn candidates(scanned: &str) -> Vec<String> {
    let mut codes = vec![scanned.to_owned()];
    let mut add = |code: &str| {
        if !code.is_empty() && !codes.iter().any(|known| known == code) {
            codes.push(code.to_owned());
        }
    };
    // "]C1", "]d2", "]Q3": how a scanner may announce GS1.
    let plain = match scanned.strip_prefix(']') {
        Some(rest) => rest.get(2..).unwrap_or_default(),
        None => scanned,
    };
    add(plain);
    let gtin = plain.strip_prefix("01").and_then(|rest| rest.get(..14)).filter(|gtin| has_right_check_digit(gtin));
    let number = gtin.unwrap_or(plain);
    add(number);
    if has_right_check_digit(number) {
        let padded = format!("{number:0>14}");
        for length in [13, 12, 14] {
            // Only zeros may be cut off.
            let (front, back) = padded.split_at(14 - length);
            if number.len() != 8 && front.bytes().all(|byte| byte == b'0') {
                add(back);
            }
        }
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_upc_is_found_as_ean_and_the_other_way() {
        assert_eq!(candidates("036000291452"), ["036000291452", "0036000291452", "00036000291452"]);
        assert!(candidates("0036000291452").contains(&"036000291452".to_owned()));
        assert_eq!(candidates("96385074"), ["96385074"]);
    }

    #[test]
    fn a_gs1_code_gives_its_trade_number() {
        let codes = candidates("]C101040063813339311726123110L12");
        assert_eq!(codes.first().map(String::as_str), Some("]C101040063813339311726123110L12"));
        assert!(codes.contains(&"4006381333931".to_owned()));
    }

    #[test]
    fn a_shops_own_code_is_left_alone() {
        assert_eq!(candidates("ES-250"), ["ES-250"]);
    }
}
