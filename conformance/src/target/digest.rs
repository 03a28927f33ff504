//! The form in which a v3 password travels.

use md5::{Digest, Md5};

/// The upper-case MD5 of a password; one that is 32 hexadecimal digits is a digest already and is
/// sent as it is.
#[must_use]
pub fn password_digest(password: &str) -> String {
    let hex = |byte: u8| byte.is_ascii_hexdigit();
    if password.len() == 32 && password.bytes().all(hex) {
        return password.to_owned();
    }
    Md5::digest(password.as_bytes()).iter().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_digested_once() {
        let digest = "900150983CD24FB0D6963F7D28E17F72";
        assert_eq!(password_digest("abc"), digest);
        assert_eq!(password_digest(digest), digest);
        assert_eq!(password_digest(&digest.to_lowercase()), digest.to_lowercase());
        assert_eq!(password_digest(&"g".repeat(32)).len(), 32);
    }
}
