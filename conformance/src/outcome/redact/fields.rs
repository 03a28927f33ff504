//! The members and headers of both documents, and of the services around them, that hold secrets.

/// What kind of secret a member holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// A photo, or a slice of one.
    Image,
    /// A person's name, or free text about one.
    Name,
    /// The number of a card or of a person's papers, a PIN, the text of a code.
    Number,
    /// A password, a digest of one, a token.
    Credential,
}

/// Member names without `-` and `_`, in lower case.
const MEMBERS: [(&str, Kind); 32] = [
    ("alarmphoto", Kind::Image),
    ("card", Kind::Number),
    ("cardid", Kind::Number),
    ("cardno", Kind::Number),
    ("cardnumber", Kind::Number),
    ("cards", Kind::Number),
    // A card's number in a v3 event, a slice of a file in a download; in v1 an object.
    ("data", Kind::Number),
    ("desc", Kind::Name),
    ("face", Kind::Image),
    ("faces", Kind::Image),
    ("feature", Kind::Image),
    ("firstname", Kind::Name),
    ("fullname", Kind::Name),
    ("hex", Kind::Number),
    ("iccard", Kind::Number),
    ("icnumber", Kind::Number),
    ("idnumber", Kind::Number),
    ("image", Kind::Image),
    // Names the person to everybody in the house.
    ("jobnumber", Kind::Name),
    ("jwt", Kind::Credential),
    ("lastname", Kind::Name),
    ("name", Kind::Name),
    ("names", Kind::Name),
    ("nickname", Kind::Name),
    ("photo", Kind::Image),
    ("pin", Kind::Number),
    ("pincode", Kind::Number),
    ("pwd", Kind::Credential),
    ("qrcode", Kind::Number),
    ("remark", Kind::Name),
    ("rgbimage", Kind::Image),
    ("snapshot", Kind::Image),
];

/// What the name of a credential contains, in a member, a header, a query or a setting.
const CREDENTIALS: [&str; 6] = ["apikey", "authorization", "cookie", "passw", "secret", "token"];

/// What a member or header of this name holds, when it is secret.
pub(super) fn kind(name: &str) -> Option<Kind> {
    let letters = name.chars().filter(|one| !matches!(one, '-' | '_'));
    let plain: String = letters.flat_map(char::to_lowercase).collect();
    if CREDENTIALS.iter().any(|part| plain.contains(part)) {
        return Some(Kind::Credential);
    }
    MEMBERS.iter().find(|(member, _)| *member == plain).map(|(_, kind)| *kind)
}

/// Whether what lies inside an object or array of this name is secret too: `data` is a whole record
/// in v1.
pub(super) fn holds_all_inside(name: &str) -> bool {
    !name.eq_ignore_ascii_case("data")
}

/// What the member holds that a path such as `body.cards[0].id` leads to.
pub(super) fn kind_at(path: &str) -> Option<Kind> {
    let mut names =
        path.split(['.', '[', ']', '/']).filter(|name| name.parse::<usize>().is_err()).rev();
    let own = names.find(|name| !name.is_empty()).and_then(kind);
    own.or_else(|| names.filter(|name| holds_all_inside(name)).find_map(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_secret_of_the_documents_is_known() {
        for (name, expected) in [
            ("rgb_image", Some(Kind::Image)),
            ("alarm_photo", Some(Kind::Image)),
            ("name", Some(Kind::Name)),
            ("remark", Some(Kind::Name)),
            ("ic_number", Some(Kind::Number)),
            ("id_number", Some(Kind::Number)),
            ("data", Some(Kind::Number)),
            ("qrcode", Some(Kind::Number)),
            ("pin", Some(Kind::Number)),
            ("passwd", Some(Kind::Credential)),
            ("password", Some(Kind::Credential)),
            ("Token", Some(Kind::Credential)),
            ("Authorization", Some(Kind::Credential)),
            ("mqtt-passwd", Some(Kind::Credential)),
            ("user_id", None),
            ("uid", None),
            ("seqnum", None),
            ("deviceSN", None),
            ("filename", None),
            ("event", None),
        ] {
            assert_eq!(kind(name), expected, "{name}");
        }
    }

    #[test]
    fn a_path_is_as_secret_as_what_it_leads_to() {
        for (path, expected) in [
            ("body.events[0].data", Some(Kind::Number)),
            ("json.data.user.name", Some(Kind::Name)),
            ("json.data.user.user_id", None),
            ("data", Some(Kind::Number)),
            ("cards[3].type", Some(Kind::Number)),
            ("headers.token", Some(Kind::Credential)),
            ("", None),
            ("[0]", None),
        ] {
            assert_eq!(kind_at(path), expected, "{path}");
        }
    }
}
