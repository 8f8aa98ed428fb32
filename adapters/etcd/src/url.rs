//! The URL of a cluster: where its members listen, as whom to ask, under which prefix to keep entries.

use std::fmt;

use crate::Error;

/// Where a member listens if its address names no port.
const PORT: u16 = 2379;

/// What a URL says.
#[derive(PartialEq, Eq)]
pub(crate) struct Target {
    /// The members as the driver wants them: `http://10.0.0.1:2379`.
    pub(crate) endpoints: Vec<String>,
    /// Name and password.
    pub(crate) user: Option<(String, String)>,
    /// What every key begins with, if it is said.
    pub(crate) prefix: Option<Vec<u8>>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

/// Takes `etcd://user:password@host:port,host:port/prefix` apart.
pub(crate) fn parse(url: &str) -> Result<Target, Error> {
    let (scheme, rest) = url.split_once("://").ok_or(Error::Url(BEGIN))?;
    let scheme = match scheme {
        "etcd" | "http" => "http",
        "https" if cfg!(feature = "tls") => "https",
        "https" => return Err(Error::Url("https needs the feature `tls` of otp-exchange-etcd")),
        _ => return Err(Error::Url(BEGIN)),
    };
    let (user, rest) = match rest.rsplit_once('@') {
        None => (None, rest),
        Some((login, rest)) => (Some(parse_user(login)?), rest),
    };
    let mut members: Vec<&str> = rest.split(',').collect();
    let mut prefix = None;
    if let Some(last) = members.last_mut() {
        let (address, path) = split_path(last);
        *last = address;
        prefix = path.filter(|path| !path.is_empty()).map(decode).transpose()?;
    }
    let endpoints = members.into_iter().map(|member| endpoint(scheme, member)).collect::<Result<_, _>>()?;
    Ok(Target { endpoints, user, prefix })
}

const BEGIN: &str = "begin it with etcd://, http:// or https://";

fn parse_user(login: &str) -> Result<(String, String), Error> {
    let (name, password) = login.split_once(':').ok_or(Error::Url("before the @ write user:password"))?;
    if name.is_empty() || login.contains([',', '/', '@']) {
        return Err(Error::Url("percent-encode what is no letter or digit in user and password"));
    }
    let text = |part: &str| {
        String::from_utf8(decode(part)?).map_err(|_| Error::Url("user and password must be UTF-8"))
    };
    Ok((text(name)?, text(password)?))
}

/// The address, and what follows its slash.
fn split_path(member: &str) -> (&str, Option<&str>) {
    let after_scheme = member.find("://").map_or(0, |at| at + 3);
    match member[after_scheme..].find('/') {
        None => (member, None),
        Some(slash) => (&member[..after_scheme + slash], Some(&member[after_scheme + slash + 1..])),
    }
}

/// One member, which may repeat the scheme, as `etcdctl` lists them.
fn endpoint(scheme: &str, member: &str) -> Result<String, Error> {
    let address = member.split_once("://").map_or(member, |(_, address)| address);
    let address = address.strip_suffix('/').unwrap_or(address);
    let host_ends = address.rfind(']').unwrap_or(0); // colons before it are part of an IPv6 address
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    if address.is_empty() || address.starts_with(':') || !address.bytes().all(plain) {
        return Err(Error::Url("name at least one member: etcd://host:port,host:port"));
    }
    match address[host_ends..].rsplit_once(':') {
        None => Ok(format!("{scheme}://{address}:{PORT}")),
        Some((_, port)) if port.parse::<u16>().is_ok() => Ok(format!("{scheme}://{address}")),
        Some(_) => Err(Error::Url("a port is a number up to 65535")),
    }
}

/// Undoes percent-encoding.
fn decode(text: &str) -> Result<Vec<u8>, Error> {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let code = piece.get(..2).filter(|code| code.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(code.ok_or(Error::Url("after a % two hexadecimal digits must follow"))?);
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(url: &str) -> Vec<String> {
        parse(url).unwrap().endpoints
    }

    #[test]
    fn members_are_listed_with_and_without_port_and_scheme() {
        assert_eq!(endpoints("etcd://a"), ["http://a:2379"]);
        assert_eq!(
            endpoints("http://a:1,b,10.0.0.1:3"),
            ["http://a:1", "http://b:2379", "http://10.0.0.1:3"]
        );
        assert_eq!(endpoints("http://a:1/,http://b:2/"), ["http://a:1", "http://b:2"]);
        assert_eq!(endpoints("etcd://[::1],[::2]:7"), ["http://[::1]:2379", "http://[::2]:7"]);
    }

    #[test]
    fn a_user_is_percent_decoded() {
        let target = parse("etcd://ada:p%40ss%2C%3a%25@a,b").unwrap();
        assert_eq!(target.user, Some(("ada".into(), "p@ss,:%".into())));
        assert_eq!(target.endpoints, ["http://a:2379", "http://b:2379"]);
        assert_eq!(parse("etcd://ada:a:b@a").unwrap().user, Some(("ada".into(), "a:b".into())));
        assert_eq!(parse("etcd://a").unwrap().user, None);
    }

    #[test]
    fn a_prefix_follows_the_last_member() {
        let prefix = |url| parse(url).unwrap().prefix;
        assert_eq!(prefix("etcd://a:1,b:2/codes/"), Some(b"codes/".to_vec()));
        assert_eq!(prefix("http://a:1,http://b:2/a/b"), Some(b"a/b".to_vec()));
        assert_eq!(prefix("http://a:1,http://b:2/%00%fF"), Some(vec![0, 255]));
        assert_eq!(prefix("http://a:1/"), None);
        assert_eq!(prefix("http://a:1"), None);
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_text() {
        let secret = "hunter2";
        for url in [
            "",
            "a:2379",
            "redis://a",
            "etcd://",
            "etcd://a,,b",
            "etcd://:1",
            "etcd://a:x",
            "etcd://a:99999",
            "etcd://a b",
            "etcd://hunter2@a",
            "etcd://:hunter2@a",
            "etcd://u:hunter2/@a",
            "etcd://u:hunter2%@a",
            "etcd://u:hunter2%zz@a",
            "etcd://u:hunter2%+1@a",
            "etcd://u:hunter2%é@a",
            "etcd://u:hunter2%ff@a",
            "etcd://u:hunter2@a?x=1",
            "http://u:hunter2@a,http://u:hunter2@b",
            "http://a/b,c",
        ] {
            let error = parse(url).expect_err(url);
            assert!(matches!(error, Error::Url(_)), "{url}");
            assert!(!format!("{error} {error:?}").contains(secret), "{url}: {error}");
        }
    }

    #[test]
    fn a_target_does_not_show_its_password() {
        let shown = format!("{:?}", parse("etcd://u:hunter2@a").unwrap());
        assert!(shown.contains("http://a:2379") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn https_needs_its_feature() {
        assert_eq!(parse("https://a").is_ok(), cfg!(feature = "tls"));
    }
}
