/// Whether a setting of librdkafka may hold something that must not be shown.
pub(crate) fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    [
        "password",
        "secret",
        "token",
        "key.pem",
        "jaas",
        "oauthbearer.config",
        "credential",
    ]
    .iter()
    .any(|word| key.contains(word))
}
