//! From where people and programs may come.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

use super::{NetworkRule, NetworkRuleKind};

/// What the rules say of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may ask.
    Admitted,
    /// A rule shuts it out.
    Denied,
    /// There is a list of who may come, and it is not on it.
    NotAllowed,
}

/// An address as it is compared: an IPv4 address that came as an IPv6 one is the IPv4 address.
pub fn normal(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// A network as it is kept; a single address is a network of one. `None`: it is neither.
pub fn network_of(text: &str) -> Option<IpNet> {
    let text = text.trim();
    let network = match text.parse::<IpNet>() {
        Ok(network) => network,
        Err(_) => IpNet::from(text.parse::<IpAddr>().ok()?),
    };
    Some(unmapped(network).trunc())
}

/// `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
fn unmapped(network: IpNet) -> IpNet {
    const MAPPED_BITS: u8 = 96;
    let IpNet::V6(six) = network else { return network };
    let four = Ipv6Addr::to_ipv4_mapped(&six.addr()).zip(six.prefix_len().checked_sub(MAPPED_BITS));
    four.and_then(|(address, bits)| Ipv4Net::new(address, bits).ok()).map_or(network, IpNet::V4)
}

/// Whether an address may ask: nobody whom a rule denies, and only those on the list where there is one. A rule that
/// cannot be read admits nobody.
pub fn admit<'a>(rules: impl IntoIterator<Item = &'a NetworkRule>, address: IpAddr) -> Admission {
    let address = normal(address);
    let (mut has_list, mut is_listed) = (false, false);
    for rule in rules {
        let is_inside = network_of(&rule.network).is_some_and(|network| network.contains(&address));
        match rule.kind {
            NetworkRuleKind::Deny if is_inside => return Admission::Denied,
            NetworkRuleKind::Deny => {}
            NetworkRuleKind::Allow => {
                has_list = true;
                is_listed |= is_inside;
            }
        }
    }
    if has_list && !is_listed { Admission::NotAllowed } else { Admission::Admitted }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use crate::ids::NetworkRuleId;

    fn rule(kind: NetworkRuleKind, network: &str) -> NetworkRule {
        NetworkRule { id: NetworkRuleId(uuid::Uuid::nil()), kind, network: network.into(), note: String::new() }
    }

    #[test]
    fn an_address_of_another_spelling_is_the_same_address() {
        let deny = [rule(NetworkRuleKind::Deny, "10.1.0.0/16")];
        for inside in ["10.1.2.3", "::ffff:10.1.2.3", "::ffff:0a01:0203"] {
            assert_eq!(admit(&deny, inside.parse().unwrap()), Admission::Denied, "{inside}");
        }
        for outside in ["10.2.2.3", "::ffff:10.2.2.3", "2001:db8::1", "::10.1.2.3"] {
            assert_eq!(admit(&deny, outside.parse().unwrap()), Admission::Admitted, "{outside}");
        }
        assert_eq!(network_of("::ffff:10.1.2.3/112").unwrap().to_string(), "10.1.0.0/16");
        assert_eq!(network_of("2001:DB8::7/32").unwrap().to_string(), "2001:db8::/32");
        assert_eq!(network_of("10.1.2.3").unwrap().to_string(), "10.1.2.3/32");
        for wrong in ["", "10.1.2", "10.1.2.3/33", "::/129", "example", "10.1.2.3/x", "010.1.2.3"] {
            assert!(network_of(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn who_is_denied_stays_out_and_a_list_keeps_all_others_out() {
        let rules = [
            rule(NetworkRuleKind::Allow, "192.168.0.0/16"),
            rule(NetworkRuleKind::Deny, "192.168.9.0/24"),
            rule(NetworkRuleKind::Allow, "2001:db8::/32"),
        ];
        for (address, wanted) in [
            ("192.168.1.1", Admission::Admitted),
            ("192.168.9.1", Admission::Denied),
            ("2001:db8:1::1", Admission::Admitted),
            ("10.0.0.1", Admission::NotAllowed),
            ("2001:db9::1", Admission::NotAllowed),
        ] {
            assert_eq!(admit(&rules, address.parse().unwrap()), wanted, "{address}");
        }
        assert_eq!(admit(&[], "10.0.0.1".parse().unwrap()), Admission::Admitted);
    }
}
