//! Where a browser may be sent.

/// Whether a browser may be sent there: `https`, `http` to this machine, or a scheme of an app's own; nothing
/// that runs code or reads files, nothing relative.
pub(crate) fn is_safe_target(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once(':') else { return false };
    let scheme = scheme.to_ascii_lowercase();
    let named = scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let printable = url.bytes().all(|byte| byte.is_ascii_graphic());
    let allowed = match scheme.as_str() {
        "https" => rest.strip_prefix("//").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')),
        "http" => {
            let authority = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?', '#']).next());
            let host = |authority: &str| match authority.rsplit_once(':') {
                Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host.to_owned(),
                _ => authority.to_owned(),
            };
            authority
                .is_some_and(|authority| ["localhost", "127.0.0.1", "[::1]"].contains(&&*host(authority)))
        }
        "javascript" | "data" | "vbscript" | "blob" | "file" | "about" | "view-source" => false,
        _ => !rest.is_empty(),
    };
    named && printable && allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_sent_only_where_it_runs_nothing() {
        for good in [
            "https://app.example/welcome?from=code",
            "http://localhost:3000/",
            "http://127.0.0.1",
            "http://[::1]:8080/a",
            "com.example.app:/done",
        ] {
            assert!(is_safe_target(good), "{good}");
        }
        for bad in [
            "",
            "/welcome",
            "/a:b",
            "//evil.example/",
            "https:",
            "https://",
            "https:///welcome",
            "http://app.example/",
            "http://localhost.evil.example/",
            "http://localhost:evil.example/",
            "http://localhost@evil.example/",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "https://app.example/\r\nSet-Cookie: a=b",
            "https://app.example/a b",
            "https://bücher.example/",
        ] {
            assert!(!is_safe_target(bad), "{bad}");
        }
    }
}
