//! What is JSON and what is not: documents by the rules of RFC 8259, each on its own and in a body.

use crate::support::{FULL_SALE, LINEAR, app, post};

/// Arrays.
const GOOD_ARRAYS: [&str; 15] = [
    "[]",
    "[ ]",
    "[[]   ]",
    r#"[""]"#,
    r#"["a"]"#,
    "[false]",
    "[null]",
    "[true]",
    r#"[null, 1, "1", {}]"#,
    "[1\n]",
    " [1]",
    "[1,null,null,null,2]",
    "[2] ",
    "[[[[[[1]]]]]]",
    "\t[\t1\t,\r\n2\t]\t",
];

/// Numbers, in arrays.
const GOOD_NUMBERS: [&str; 21] = [
    "[123e65]",
    "[0e+1]",
    "[0e1]",
    "[ 4]",
    "[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]",
    "[20e1]",
    "[-0]",
    "[-123]",
    "[-1]",
    "[1E22]",
    "[1E-2]",
    "[1E+2]",
    "[123e45]",
    "[123.456e78]",
    "[1e-2]",
    "[1e+2]",
    "[123]",
    "[123.456789]",
    "[0]",
    "[-0.5e-7]",
    "[18446744073709551616]",
];

/// Objects.
const GOOD_OBJECTS: [&str; 12] = [
    "{}",
    r#"{"":0}"#,
    r#"{"a":[]}"#,
    r#"{"a":"b", "c":"d"}"#,
    r#"{"a":"b"}"#,
    r#"{"a":"b","a":"c"}"#,
    r#"{"a":"b","a":"b"}"#,
    r#"{"a\u0000b": 42}"#,
    r#"{ "min": -1.0e+28, "max": 1.0e+28 }"#,
    r#"{"x":[{"id": "a"}], "id": "a"}"#,
    r#"{"a":{"b":{"c":{}}}}"#,
    "{\n\"a\": \"b\"\n}",
];

/// Strings: escapes, surrogates, bytes of UTF-8.
const GOOD_STRINGS: [&str; 39] = [
    r#"["\u0060\u012a\u12AB"]"#,
    r#"["\uD801\udc37"]"#,
    r#"["\ud83d\ude39\ud83d\udc8d"]"#,
    r#"["\"\\\/\b\f\n\r\t"]"#,
    r#"["\\u0000"]"#,
    r#"["\""]"#,
    r#"["a/*b*/c/*d//e"]"#,
    r#"["\\a"]"#,
    r#"["\\n"]"#,
    r#"["\u0012"]"#,
    r#"["\uFFFF"]"#,
    r#"[ "a"]"#,
    r#"["\uDBFF\uDFFF"]"#,
    r#"["a\u00A0b"]"#,
    r#"["\u0000"]"#,
    r#"["\uD834\uDd1e"]"#,
    r#"["\u0821"]"#,
    r#"["\u0123"]"#,
    r#"["\u2028"]"#,
    r#"["\u2029"]"#,
    r#"["\u0061\u30af\u30EA\u30b9"]"#,
    r#"["a\u000Ab"]"#,
    r#"["\uA66D"]"#,
    r#"["\u005C"]"#,
    r#"["\u0022"]"#,
    r#"["\u200B"]"#,
    r#"["\u2064"]"#,
    r#"["\uFDD0"]"#,
    r#"["\uFFFE"]"#,
    r#"["\uD83F\uDFFE"]"#,
    r#"["a "]"#,
    r#"[" "]"#,
    r#"["\u0020"]"#,
    r#"["é"]"#,
    r#"["€𝄞"]"#,
    "[\"\u{ffff}\"]",
    r#"["𛿿"]"#,
    "[\"\u{2028}\"]",
    "[\"\x7f\"]",
];

/// Values without anything around.
const GOOD_ALONE: [&str; 8] = [
    "false", "42", "-0.1", "null", r#""a""#, "true", r#""""#, " 7 ",
];

/// What looks like a number; each in an array.
const BAD_NUMBERS: [&str; 49] = [
    "++1234",
    "+1",
    "+Inf",
    "-01",
    "-1.0.",
    "-2.",
    "-NaN",
    ".-1",
    ".2e-3",
    "0.1.2",
    "0.3e+",
    "0.3e",
    "0.e1",
    "0E+",
    "0E",
    "0e+",
    "0e",
    "1.0e+",
    "1.0e-",
    "1.0e",
    "1 000.0",
    "1eE2",
    "2.e+3",
    "2.e-3",
    "2.e3",
    "9.e+",
    "Inf",
    "１",
    "1+2",
    "0x1",
    "0x42",
    "0e+-1",
    "-123.123foo",
    "123foo",
    "-foo",
    "- 1",
    "-012",
    "-.123",
    "-1x",
    "1ea",
    "1.",
    ".123",
    "1.8H-308",
    "-",
    "012",
    "1.2a-3",
    "00",
    "0_1",
    "1,5e",
];

/// What looks like a literal; each in an array.
const BAD_LITERALS: [&str; 12] = [
    "nul",
    "nulL",
    "tru",
    "truth",
    "fals",
    "FALSE",
    "True",
    "None",
    "undefined",
    "nan",
    "Null",
    "no",
];

/// Arrays: commas, brackets, what comes after.
const BAD_ARRAYS: [&str; 39] = [
    "[1 true]",
    r#"["": 1]"#,
    r#"[""],"#,
    "[,1]",
    "[1,,2]",
    r#"["x",,]"#,
    r#"["x"]]"#,
    r#"["",]"#,
    r#"["x""#,
    "[3[4]]",
    "[1:2]",
    "[,]",
    "[-]",
    r#"[   , ""]"#,
    "[\"a\",\n4\n,1,",
    "[1,]",
    "[1,,]",
    "[\"\x0ba\"]",
    "[*]",
    r#"["""#,
    "[1,",
    "[1,\n1\n,1",
    "[{}",
    "[1}",
    "[",
    "[[",
    "[1 2]",
    r#"["a" "b"]"#,
    "[;1]",
    "[1;2]",
    "[1]x",
    "[1][2]",
    "[1] 2",
    "[1],",
    "[)",
    "[]]",
    "[\x0c1]",
    "[\u{a0}1]",
    "[\u{feff}1]",
];

/// Objects: keys, colons, commas, comments.
const BAD_OBJECTS: [&str; 40] = [
    r#"["x", truth"#,
    "{[: \"x\"}\n",
    r#"{"x", null}"#,
    r#"{"x"::"b"}"#,
    "{🇨🇭}",
    r#"{"a":"a" 123}"#,
    "{key: 'value'}",
    r#"{"a" b}"#,
    r#"{:"b"}"#,
    r#"{"a" "b"}"#,
    r#"{"a":"#,
    r#"{"a""#,
    "{1:1}",
    "{9999E9999:1}",
    "{null:null,null:null}",
    r#"{"id":0,,,,,}"#,
    "{'a':0}",
    r#"{"id":0,}"#,
    r#"{"a":"b"}/**/"#,
    r#"{"a":"b"}/**//"#,
    r#"{"a":"b"}//"#,
    r#"{"a":"b"}/"#,
    r#"{"a":"b",,"c":"d"}"#,
    r#"{a: "b"}"#,
    r#"{"a":"a"#,
    r#"{ "foo" : "bar", "a" }"#,
    r#"{"a":"b"}#"#,
    "{",
    "{]",
    "{,",
    "{,}",
    r#"{""#,
    r#"{"a":1"#,
    r#"{"a":1,"#,
    r#"{"a":1]"#,
    r#"{"a":1;}"#,
    r#"{"a"=1}"#,
    r#"{"a":1 "b":2}"#,
    "{true:1}",
    "{[]:1}",
];

/// Strings: quotes, escapes, control characters.
const BAD_STRINGS: [&str; 33] = [
    r#"["\uD800\"]"#,
    r#"["\uD800\u"]"#,
    r#"["\uD800\u1"]"#,
    r#"["\uD800\u1x"]"#,
    "[é]",
    r#"["\x00"]"#,
    r#"["\\\"]"#,
    "[\"\\\t\"]",
    r#"["\🌀"]"#,
    r#"["\"]"#,
    r#"["\u00A"]"#,
    r#"["\uD834\uDd"]"#,
    r#"["\uD800\uD800\x"]"#,
    r#"["\a"]"#,
    r#"["\uqqqq"]"#,
    r#"["\u 041"]"#,
    "['single quote']",
    "abc",
    r#"["\"#,
    "[\"a\x00a\"]",
    "[\"new\nline\"]",
    "[\"\t\"]",
    r#""\UA66D""#,
    r#"""x"#,
    r#"""#,
    r#""a"#,
    r#"["a]"#,
    "'a'",
    r#"["\u{41}"]"#,
    r#"["\0"]"#,
    r#"["\e"]"#,
    r#"["\'"]"#,
    "[\"\x1f\"]",
];

/// Numbers as Python writes them. They are no JSON, and are read as `null` all the same.
const OF_PYTHON: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// What is not even a text, or ends before anything begins, or never ends.
fn bad_bytes() -> [Vec<u8>; 12] {
    let deep = 100_000;
    [
        b"".to_vec(),
        b"\xef\xbb\xbf".to_vec(),
        b"[\"\xff\"]".to_vec(),
        b"[\"\xc0\xaf\"]".to_vec(),
        b"[\"\xed\xa0\x80\"]".to_vec(),
        b"[\"\xf4\xbf\xbf\xbf\"]".to_vec(),
        b"[\"\xe9\"]".to_vec(),
        b"[1e1\xe5]".to_vec(),
        b"\xe5".to_vec(),
        b"\xff\xfe[\0\"\0\xe9\0\"\0]\0".to_vec(),
        "[".repeat(deep).into_bytes(),
        "{\"a\":".repeat(deep).into_bytes(),
    ]
}

/// A sale with one more key, of this value, before the others.
fn sale_with(value: &[u8]) -> Vec<u8> {
    let rest = FULL_SALE.strip_prefix('{').unwrap();
    [br#"{"other":"#, value, b",", rest.as_bytes()].concat()
}

#[tokio::test]
async fn every_document_that_is_json_is_read() {
    let good = [
        &GOOD_ARRAYS[..],
        &GOOD_NUMBERS,
        &GOOD_OBJECTS,
        &GOOD_STRINGS,
        &GOOD_ALONE,
    ]
    .concat();
    assert_eq!(good.len(), 95);
    let app = app();
    for document in good {
        let (status, answer) = post(&app, LINEAR, document).await;
        // It is no sale, which is another thing.
        assert_ne!(answer["error"]["code"], "malformed_json", "{document:?}");
        assert!(status == 400 || status == 422, "{document:?}: {answer}");
        let (status, answer) = post(&app, LINEAR, sale_with(document.as_bytes())).await;
        assert_eq!(status, 200, "{document:?}: {answer}");
    }
}

#[tokio::test]
async fn no_document_that_is_not_json_is_read() {
    let in_arrays = [&BAD_NUMBERS[..], &BAD_LITERALS].concat();
    let in_arrays = in_arrays.iter().map(|item| format!("[{item}]"));
    let whole = [&BAD_ARRAYS[..], &BAD_OBJECTS, &BAD_STRINGS].concat();
    let whole = whole.iter().map(ToString::to_string);
    let texts = in_arrays.chain(whole).map(String::into_bytes);
    let bad: Vec<Vec<u8>> = texts.chain(bad_bytes()).collect();
    assert_eq!(bad.len() + OF_PYTHON.len(), 188);
    let app = app();
    for number in OF_PYTHON {
        let (status, answer) = post(&app, LINEAR, sale_with(number.as_bytes())).await;
        assert_eq!(status, 200, "{number}: {answer}");
    }
    for document in bad {
        for body in [document.clone(), sale_with(&document)] {
            let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
            let (status, answer) = post(&app, LINEAR, body).await;
            let code = &answer["error"]["code"];
            assert_eq!(
                (status.as_u16(), code),
                (400, &"malformed_json".into()),
                "{shown}"
            );
        }
    }
}
