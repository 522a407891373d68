use serde_json::Value;

use super::answer::post;
use crate::Target;
use crate::input::choices;

/// Requests of the Open Inference Protocol. Every tensor of an answer has as many elements as its shape says.
///
/// The first byte chooses a model.
pub const INFER: Target = Target {
    name: "infer",
    check,
    seeds,
};

const PATHS: [&str; 4] = [
    "/v2/models/total_amount/versions/1/infer",
    "/v2/models/quantity_category/versions/2/infer",
    "/v2/models/high_value_customer/infer",
    "/v2/models/linear_model_3/infer",
];

fn check(data: &[u8]) -> bool {
    let Some(([model], body)) = choices(data) else {
        return false;
    };
    let answer = post(PATHS[usize::from(model) % PATHS.len()], body);
    if answer.status != 200 {
        return false;
    }
    for tensor in answer.body["outputs"].as_array().expect("tensors") {
        let shape = tensor["shape"].as_array().expect("a shape").iter();
        let elements: u64 = shape
            .map(|length| length.as_u64().expect("a length"))
            .product();
        let data = tensor["data"].as_array().expect("data");
        assert_eq!(data.len() as u64, elements, "{tensor}");
        assert!(data.iter().all(|element| !element.is_null()), "{tensor}");
    }
    // What is passed over may have escapes that stand for nothing.
    if let Ok(asked) = serde_json::from_slice::<Value>(body) {
        assert_eq!(answer.body["id"], asked["id"]);
    }
    true
}

fn seeds() -> Vec<Vec<u8>> {
    let bodies: [(u8, &str); 4] = [
        (
            0,
            r#"{"id":"7","inputs":[{"name":"any","shape":[1,5],"datatype":"FP64","data":[10,25.5,6,11,14]}]}"#,
        ),
        (
            1,
            r#"{"inputs":[{"name":"x","shape":[2,6],"datatype":"FP32","data":[[10,25.5,255,6,11,14],[1,2,2,6,11,14]]}],"outputs":[{"name":"probabilities"}]}"#,
        ),
        (
            2,
            r#"{"inputs":[{"name":"quantity","shape":[1],"datatype":"INT64","data":[10]},{"name":"price","shape":[1],"datatype":"FP64","data":[25.5]},{"name":"month","shape":[1],"datatype":"INT64","data":[6]},{"name":"day","shape":[1],"datatype":"FP32","data":[11]},{"name":"hour","shape":[1],"datatype":"INT32","data":[14]}]}"#,
        ),
        (
            0,
            r#"{"inputs":[{"name":"quantity","shape":[1,1],"datatype":"INT64","data":[10]},{"name":"price","shape":[1],"datatype":"FP64","data":[25.5]},{"name":"invoice_date","shape":[1],"datatype":"BYTES","data":["2010-12-01 08:26:00"]}]}"#,
        ),
    ];
    let seeds = bodies.map(|(model, body)| [&[model][..], body.as_bytes()].concat());
    seeds.to_vec()
}
