//! Trade numbers: EAN-8, UPC-A, EAN-13 and GTIN-14, all with the same check digit (GS1 General Specifications, 7.9).

/// Whether it is as long as a trade number and all digits.
pub fn is_trade_number(code: &str) -> bool {
    matches!(code.len(), 8 | 12 | 13 | 14) && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether it is a trade number with the right check digit.
pub fn has_right_check_digit(code: &str) -> bool {
    is_trade_number(code) && code.split_at_checked(code.len() - 1).is_some_and(|(front, last)| last.chars().eq([check_digit(front)]))
}

/// The check digit of the digits in front of it.
pub(super) fn check_digit(front: &str) -> char {
    let weighted = front.bytes().rev().enumerate().map(|(place, byte)| {
        let digit = u32::from(byte.saturating_sub(b'0'));
        if place % 2 == 0 { digit * 3 } else { digit }
    });
    char::from_digit((10 - weighted.sum::<u32>() % 10) % 10, 10).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_of_real_codes() {
        for code in ["4006381333931", "036000291452", "96385074", "10012345678902"] {
            assert!(has_right_check_digit(code), "{code}");
        }
        for code in ["4006381333932", "4006381333", "40063813339a1", "", "１２３４"] {
            assert!(!has_right_check_digit(code), "{code}");
        }
    }
}
