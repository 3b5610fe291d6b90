//! Numbers in words, the same in every program.

/// So many of something: `1 byte`, `2 bytes`.
///
/// ```
/// # use trybuy_formats::words::counted;
/// assert_eq!(counted(1, "byte", "bytes"), "1 byte");
/// assert_eq!(counted(0, "byte", "bytes"), "0 bytes");
/// ```
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
