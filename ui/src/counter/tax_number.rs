//! Taiwan's 統一編號: eight digits of which the last makes the sum right.

/// Whether the number is one that could have been issued.
pub(crate) fn is_taiwan_number(number: &str) -> bool {
    const WEIGHTS: [u32; 8] = [1, 2, 1, 2, 1, 2, 4, 1];
    let digits: Option<Vec<u32>> = number.trim().chars().map(|character| character.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| digits.len() == WEIGHTS.len()) else { return false };
    let parts = digits.iter().zip(WEIGHTS).map(|(digit, weight)| {
        let product = digit * weight;
        product / 10 + product % 10
    });
    let sum: u32 = parts.sum();
    // A seventh digit of 7 gives 28, whose 2 + 8 may count as 10 or as 1. Since 2023 five divides.
    sum.is_multiple_of(5) || (digits[6] == 7 && (sum + 1).is_multiple_of(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_known_companies_are_right_and_slips_are_not() {
        for number in ["22099131", "04595257", "24536806", "10458575"] {
            assert!(is_taiwan_number(number), "{number}");
        }
        for number in ["22099132", "2209913", "220991311", "abcdefgh", ""] {
            assert!(!is_taiwan_number(number), "{number}");
        }
    }
}
