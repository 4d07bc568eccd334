//! Messages of the operating system.

/// Returns the message of the operating system, in lower case and without its number.
pub fn io_message(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = match text.split(" (os error").next().unwrap_or(&text) {
        "stream did not contain valid UTF-8" => "it is not UTF-8",
        text => text,
    };
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => "unknown error".to_owned(),
    }
}
