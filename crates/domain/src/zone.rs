//! Days and hours where a shop is, from its IANA time zone.

use chrono::{Offset as _, TimeZone as _};
pub use chrono_tz::Tz as Zone;

use crate::reject::{Code, Reject};
use crate::time::{BusinessDate, Instant};

/// A time zone by its IANA name; UTC where nobody knows it.
pub fn of(name: &str) -> Zone {
    name.parse().unwrap_or(Zone::UTC)
}

/// Refuses a name that nobody knows.
pub(crate) fn check(name: &str) -> Result<(), Reject> {
    name.parse::<Zone>().map(|_| ()).map_err(|_| Reject::field(Code::Format, "time_zone"))
}

/// The day it is somewhere.
pub fn today(zone: Zone, now: Instant) -> BusinessDate {
    let utc = now.utc().unwrap_or_default();
    BusinessDate(utc.with_timezone(&zone).date_naive())
}

/// Minutes that a zone is ahead of UTC at noon of a day.
pub fn utc_offset_minutes(zone: Zone, date: BusinessDate) -> i64 {
    let noon = date.0.and_hms_opt(12, 0, 0).unwrap_or_default();
    i64::from(zone.offset_from_utc_datetime(&noon).fix().local_minus_utc()) / 60
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> BusinessDate {
        BusinessDate(text.parse().unwrap_or_default())
    }

    #[test]
    fn a_day_begins_at_midnight_where_the_shop_is() {
        // 2026-11-28 16:00 in Greenwich.
        let now = Instant(1_795_881_600_000);
        assert_eq!(today(Zone::UTC, now), date("2026-11-28"));
        assert_eq!(today(of("Asia/Taipei"), now), date("2026-11-29"));
        assert_eq!(today(of("Asia/Taipei"), Instant(now.0 - 1)), date("2026-11-28"));
        assert_eq!(today(of("Pacific/Honolulu"), Instant(now.0 - 7 * 3_600_000)), date("2026-11-27"));
    }

    #[test]
    fn hours_are_those_of_the_day_that_is_asked_for_and_not_of_now() {
        let new_york = of("America/New_York");
        assert_eq!(utc_offset_minutes(new_york, date("2026-07-01")), -240);
        assert_eq!(utc_offset_minutes(new_york, date("2026-12-01")), -300);
        assert_eq!(utc_offset_minutes(of("Asia/Kathmandu"), date("2026-12-01")), 345);
    }

    #[test]
    fn a_name_that_nobody_knows_is_utc() {
        assert_eq!(of("Asia/Atlantis"), Zone::UTC);
    }
}
