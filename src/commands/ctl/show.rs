//! What the control API answers, for people: a line a thing, a table for the devices.

use serde_json::Value;

/// What a device shows in a column.
type Cell = fn(&Value) -> String;

/// The columns of the devices' table, by their headings.
const COLUMNS: [(&str, Cell); 9] = [
    ("DEVICE", |device| text(&device["sn"])),
    ("NETWORK", |device| network(&device["online"])),
    ("JOURNAL", |device| journal(&device["journal"])),
    ("BACKLOG", |device| text(&device["backlog"])),
    ("PUSHED", |device| text(&device["pushed"])),
    ("REPORTED", |device| text(&device["reported"])),
    ("PUSHES TO", |device| subscription(&device["subscription"])),
    ("TRAFFIC", |device| traffic(&device["traffic"])),
    ("CLOCK", |device| text(&device["clock"])),
];

/// A heading and a line a device, aligned.
pub(super) fn status_table(devices: &[Value]) -> Vec<String> {
    let heading = COLUMNS.map(|(heading, _)| heading.to_owned()).to_vec();
    let rows = devices.iter().map(|device| COLUMNS.map(|(_, cell)| cell(device)).to_vec());
    aligned(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
}

/// One event.
pub(super) fn entry_line(sn: &str, entry: &Value) -> String {
    let mut line = format!("{}  {sn}  {:>6}", text(&entry["at"]), text(&entry["index"]));
    let seqnum = match &entry["seqnum"] {
        Value::Null => "-".to_owned(),
        seqnum => format!("#{seqnum}"),
    };
    line += &format!("  {seqnum:>7}  {:<8}", text(&entry["kind"]));
    for field in ["state", "uid", "data", "qrcode", "therm"] {
        if let Some(value) = entry["v3"].get(field) {
            line += &format!("  {field} {}", text(value));
        }
    }
    if let Some(reason) = entry.get("reason") {
        line += &format!("  {}", text(reason));
    }
    let alarms = entry["v1"].as_array().into_iter().flatten();
    for alarm in alarms.filter(|record| record["type"] == 1) {
        let data = &alarm["data"];
        line += &format!("  alarm {} status {}", text(&data["code"]), text(&data["status"]));
    }
    line
}

/// What happens at a device by itself.
pub(super) fn traffic_line(sn: &str, shown: &Value) -> String {
    format!("{sn}  {}", traffic(shown))
}

/// One attempt at a delivery.
pub(super) fn delivery_line(sn: &str, delivery: &Value) -> String {
    let status = match &delivery["status"] {
        Value::Null => "-".to_owned(),
        status => text(status),
    };
    format!(
        "{}  {sn}  {:<6}  index {}  attempt {}  {}  {status}  {}  {:.1} ms",
        text(&delivery["at"]),
        text(&delivery["delivery"]),
        text(&delivery["index"]),
        text(&delivery["attempt"]),
        text(&delivery["destination"]),
        text(&delivery["outcome"]),
        delivery["latency_ms"].as_f64().unwrap_or_default(),
    )
}

/// One armed fault.
pub(super) fn fault_line(sn: &str, fault: &Value) -> String {
    let members = ["params", "scope"].into_iter().filter_map(|part| fault[part].as_object());
    let settings = members.flatten().map(|(name, value)| format!(",{name}={}", text(value)));
    let settings: String = settings.collect();
    let (name, struck) = (text(&fault["name"]), text(&fault["struck"]));
    format!("{sn}  {name}{settings}  struck {struck} of {}", text(&fault["exchanges"]))
}

/// A device of `all` that could not do what was asked.
pub(super) fn failed_line(line: &Value) -> String {
    format!("{}: {}", text(&line["sn"]), text(&line["error"]))
}

fn network(online: &Value) -> String {
    if online == true { "online" } else { "offline" }.to_owned()
}

fn journal(journal: &Value) -> String {
    match journal["len"].as_u64() {
        Some(0) => "empty".to_owned(),
        _ => format!("{}-{}", text(&journal["min"]), text(&journal["max"])),
    }
}

fn subscription(subscription: &Value) -> String {
    match (subscription, &subscription["enabled"]) {
        (Value::Null, _) => "-".to_owned(),
        (_, Value::Bool(false)) => format!("{} (off)", text(&subscription["event_dest"])),
        _ => text(&subscription["event_dest"]),
    }
}

fn traffic(traffic: &Value) -> String {
    let shape = format!("{} {}/min", text(&traffic["traffic"]), text(&traffic["rate_per_minute"]));
    match traffic["speed"].as_f64() {
        Some(speed) if (speed - 1.0).abs() > f64::EPSILON => format!("{shape} x{speed}"),
        _ => shape,
    }
}

/// A value as text, strings without their quotes.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..COLUMNS.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_table_is_aligned() {
        let device = |sn: &str, rate: f64| {
            json!({
                "sn": sn, "online": true, "journal": {"min": 1, "max": 9, "len": 9}, "backlog": 0,
                "pushed": 3, "reported": 0, "subscription": null, "clock": "c",
                "traffic": {"traffic": "office", "rate_per_minute": rate, "speed": 1.0},
            })
        };
        let table = status_table(&[device("A", 6.0), device("LONGER", 60.0)]);
        let place = |line: &String| line.find("online").or_else(|| line.find("NETWORK"));
        assert_eq!(place(&table[0]), place(&table[1]));
        assert_eq!(place(&table[1]), place(&table[2]));
        assert!(table[2].contains("1-9") && table[2].contains("office 60.0/min"), "{table:?}");
    }

    #[test]
    fn an_event_has_one_line_with_what_is_known() {
        let entry = json!({
            "index": 4, "seqnum": null, "at": "2026-03-02T08:00:00.000+08:00", "kind": "pin",
            "reason": "too-many-pins", "v3": null,
            "v1": [{"type": 0, "data": {}}, {"type": 1, "data": {"code": 10004, "status": 1}}],
        });
        let line = entry_line("SN1", &entry);
        assert!(line.ends_with("-  pin       too-many-pins  alarm 10004 status 1"), "{line}");
    }
}
