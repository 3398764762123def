//! Where a shop server is, and what its code says beside the code itself. Pure.

use std::net::IpAddr;

use kontor_domain::reject::{Code, Reject};
use kontor_domain::secret::Secret;
use reqwest::Url;

/// Where servers listen if nothing else is said.
const PORT: u16 = 7443;
/// Longest address that is looked at.
const ADDRESS_LIMIT: usize = 300;
/// Digits of a SHA-256.
const FINGERPRINT_DIGITS: usize = 64;

/// The address of a shop server: scheme, host, port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(Url);

impl Address {
    /// Reads what a person typed. Without a scheme it is HTTPS on the usual port.
    pub fn read(typed: &str) -> Result<Self, Reject> {
        let wrong = || Reject::field(Code::Format, "address");
        let typed = typed.trim();
        if typed.is_empty() || typed.len() > ADDRESS_LIMIT {
            return Err(wrong());
        }
        let has_scheme = typed.contains("://");
        let full = if has_scheme { typed.to_owned() } else { format!("https://{typed}") };
        let mut url = Url::parse(&full).map_err(|_| wrong())?;
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        if !is_bare || !url.username().is_empty() || url.password().is_some() || url.host_str().is_none_or(str::is_empty) {
            return Err(wrong());
        }
        // The usual port of the web is left out by a URL: what was typed says whether it was meant.
        if !has_scheme && url.port().is_none() && !typed.ends_with(":443") {
            url.set_port(Some(PORT)).map_err(|()| wrong())?;
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            // In the clear only where nobody else can listen.
            "http" if is_loopback(&url) => Ok(Self(url)),
            _ => Err(wrong()),
        }
    }

    /// The address of something on it.
    pub fn at(&self, path: &str) -> String {
        format!("{self}{path}")
    }

    /// Whether it speaks TLS.
    pub fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// A part of a file's name: one file for each server.
    pub fn file_part(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        let host: String = host.chars().map(|letter| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '-' }).take(80).collect();
        format!("{}-{}", host.trim_matches('.'), self.0.port_or_known_default().unwrap_or(PORT))
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A SHA-256 as people write it: small digits without what stands between them.
pub fn fingerprint(typed: &str) -> Option<String> {
    let digits: String = typed.chars().filter(|letter| !letter.is_whitespace() && *letter != ':').collect();
    let is_one = digits.len() == FINGERPRINT_DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_one.then(|| digits.to_ascii_lowercase())
}

/// The code, and the certificate's SHA-256 if it was copied with it.
pub fn split_code(typed: &Secret) -> (Secret, Option<String>) {
    let text = typed.0.trim();
    let parts = text.rsplit_once(|letter: char| letter.is_whitespace() || letter == '.');
    if let Some((code, rest)) = parts
        && let Some(found) = fingerprint(rest)
    {
        return (Secret(code.trim().to_owned()), Some(found));
    }
    (Secret(text.to_owned()), None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    const SCHEME_END: &str = "://";

    fn read(typed: &str) -> Option<String> {
        Address::read(typed).ok().map(|address| address.to_string())
    }

    #[test]
    fn an_address_is_read_as_people_write_it() {
        let secure = |rest: &str| Some(format!("https{SCHEME_END}{rest}"));
        assert_eq!(read(" example.com "), secure("example.com:7443"));
        assert_eq!(read("192.168.1.5:8000"), secure("192.168.1.5:8000"));
        assert_eq!(read("https://example.com"), secure("example.com"));
        assert_eq!(read("example.com:443"), secure("example.com"));
        assert_eq!(Address::read("https://example.com/").ok().map(|address| address.at("/health/live")), secure("example.com/health/live"));
        for wrong in ["", "example.com:x", "ftp:example.com", "example.com/x", "https://example.com/?q"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        for wrong in ["ftp{}example.com", "https{}", "https{}a:b@example.com"] {
            assert_eq!(read(&wrong.replace("{}", SCHEME_END)), None, "{wrong}");
        }
    }

    #[test]
    fn in_the_clear_is_only_this_computer() {
        let plain = |host: &str| read(&format!("http{SCHEME_END}{host}:8080"));
        for here in ["127.0.0.1", "localhost", "[::1]"] {
            assert_eq!(plain(here), Some(format!("http{SCHEME_END}{here}:8080")));
        }
        for elsewhere in ["192.168.1.5", "localhost.example.com", "127.0.0.1.example.com", "0.0.0.0"] {
            assert_eq!(plain(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn a_code_may_bring_the_certificate_with_it() {
        let digits = "AB".repeat(32);
        let split = |text: String| split_code(&Secret(text));
        assert_eq!(split(format!("ABCD-EFGH-JKMN.{digits}")), (Secret("ABCD-EFGH-JKMN".into()), Some("ab".repeat(32))));
        assert_eq!(split(format!(" ABCD EFGH JKMN  {digits} ")), (Secret("ABCD EFGH JKMN".into()), Some("ab".repeat(32))));
        assert_eq!(split("abcd efgh jkmn".into()), (Secret("abcd efgh jkmn".into()), None));
        assert_eq!(fingerprint(&"ab:".repeat(32)), Some("ab".repeat(32)));
        assert_eq!(fingerprint("ab"), None);
    }

    #[test]
    fn each_server_has_a_file_of_its_own() {
        let part = |typed: &str| Address::read(typed).unwrap().file_part();
        assert_eq!(part("example.com"), "example.com-7443");
        assert_eq!(part("http://[::1]:8080"), "---1--8080");
        assert_ne!(part("192.168.1.5:1"), part("192.168.1.5:2"));
    }
}
