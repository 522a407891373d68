use std::sync::Arc;

use super::*;

/// 1 for customers outside the United Kingdom.
struct Abroad(&'static str);

impl Extractor for Abroad {
    fn spec(&self) -> FeatureSpec {
        FeatureSpec {
            name: "abroad".into(),
            unit: self.0.into(),
            min: 0.0,
            max: 1.0,
            whole: true,
            product_of: None,
        }
    }

    fn extract(&self, sale: &Sale<'_>) -> Result<f64, MissingField> {
        Ok(f64::from(u8::from(sale.country()? != "United Kingdom")))
    }
}

fn abroad() -> Arc<dyn Extractor> {
    Arc::new(Abroad("0 or 1"))
}

/// The standard features and these.
fn with(custom: &[Arc<dyn Extractor>]) -> Extractors {
    let mut extractors = Extractors::default();
    extractors.extend(custom.iter().cloned());
    extractors
}

fn sale() -> Sale<'static> {
    Sale {
        quantity: Some(3.0),
        price: Some(0.1),
        invoice_date: "2010-12-01 08:26:00".parse().ok(),
        country: Some("France"),
        ..Sale::default()
    }
}

/// The value of the only feature of `features`, when a client gives `given` under these names.
fn value(
    extractors: &Extractors,
    features: &FeatureSet,
    sale: &Sale<'_>,
    given: &[(&str, f64)],
) -> Result<f64, FeatureError> {
    let schema = features.schema();
    let look_up = |name: &str| {
        let found = given.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
    };
    extractors.columns(&schema)[0].value(sale, &look_up)
}

fn standard(feature: StandardFeature) -> FeatureSet {
    FeatureSet::standard(&[feature])
}

#[test]
fn what_is_not_given_is_computed_from_the_sale() {
    let extractors = with(&[abroad()]);
    for (feature, expected) in [
        (StandardFeature::Quantity, 3.0),
        (StandardFeature::TotalAmount, 3.0 * 0.1),
        (StandardFeature::QuantityTimesPrice, 3.0 * 0.1),
        (StandardFeature::Month, 12.0),
        (StandardFeature::Day, 1.0),
        (StandardFeature::Hour, 8.0),
    ] {
        let value = value(&extractors, &standard(feature), &sale(), &[]);
        assert_eq!(value, Ok(expected), "{feature:?}");
    }
    let custom = FeatureSet::default().with_custom(abroad());
    assert_eq!(value(&extractors, &custom, &sale(), &[]), Ok(1.0));
    assert_eq!(
        value(&extractors, &custom, &sale(), &[("abroad", 0.0)]),
        Ok(0.0)
    );
}

#[test]
fn calendar_fields_stand_for_a_date_that_is_not_known() {
    let sale = Sale {
        month: Some(6.0),
        ..Sale::default()
    };
    assert_eq!((sale.month(), sale.day().is_err()), (Ok(6.0), true));
    let dated = Sale {
        month: Some(6.0),
        ..self::sale()
    };
    assert_eq!(dated.month(), Ok(12.0));
}

#[test]
fn a_given_product_agrees_to_a_billionth_of_its_size() {
    let extractors = Extractors::default();
    let total = standard(StandardFeature::TotalAmount);
    let given = |given| value(&extractors, &total, &sale(), &[("total_amount", given)]);
    assert_eq!(given(0.3), Ok(0.3));
    assert_eq!(given(0.3 * (1.0 + 0.9e-9)), Ok(0.3 * (1.0 + 0.9e-9)));
    for wrong in [0.3 * (1.0 + 1.1e-9), 0.3 * (1.0 - 1.1e-9), 255.0] {
        let contradiction = FeatureError::Contradiction {
            feature: "total_amount".into(),
            given: wrong,
            computed: 3.0 * 0.1,
        };
        assert_eq!(given(wrong), Err(contradiction));
    }
    // Nothing to hold it against.
    let alone = value(
        &extractors,
        &total,
        &Sale::default(),
        &[("total_amount", 7.0)],
    );
    assert_eq!(alone, Ok(7.0));
}

#[test]
fn a_given_month_agrees_with_a_known_date() {
    let extractors = Extractors::default();
    let month = standard(StandardFeature::Month);
    assert_eq!(
        value(&extractors, &month, &sale(), &[("month", 12.0)]),
        Ok(12.0)
    );
    let error = value(&extractors, &month, &sale(), &[("month", 11.0)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "month: expected 12, as computed from the rest of the sale, got 11"
    );
}

#[test]
fn a_value_that_cannot_be_had_says_why() {
    let extractors = with(&[abroad()]);
    let total = standard(StandardFeature::TotalAmount);
    let sale = Sale {
        quantity: Some(3.0),
        ..Sale::default()
    };
    assert_eq!(
        value(&extractors, &total, &sale, &[])
            .unwrap_err()
            .to_string(),
        "total_amount: expected a number from 0.001 to 1000000000000, or price to compute it from"
    );
    let custom = FeatureSet::default().with_custom(abroad());
    let error = value(&extractors, &custom, &sale, &[]).unwrap_err();
    assert!(matches!(
        error,
        FeatureError::Missing {
            missing: MissingField {
                field: SaleField::Country
            },
            ..
        }
    ));
    for stranger in [Extractors::default(), with(&[Arc::new(Abroad("percent"))])] {
        let error = value(&stranger, &custom, &self::sale(), &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "abroad: expected a whole number from 0 to 1; there is no extractor that computes it"
        );
    }
    let error = value(&extractors, &custom, &self::sale(), &[("abroad", 2.0)]).unwrap_err();
    assert!(matches!(
        error,
        FeatureError::OutOfRange(RangeError { got: 2.0, .. })
    ));
}

/// The schema of an artefact tells what a product is made of, without the extractor at hand.
#[test]
fn a_product_is_computed_from_its_schema_alone() {
    struct AbroadPrice;
    impl Extractor for AbroadPrice {
        fn spec(&self) -> FeatureSpec {
            FeatureSpec {
                name: "abroad_price".into(),
                product_of: Some(["abroad".into(), "price".into()]),
                ..StandardFeature::Price.spec()
            }
        }
        fn extract(&self, sale: &Sale<'_>) -> Result<f64, MissingField> {
            Ok(Abroad("0 or 1").extract(sale)? * sale.price()?)
        }
    }
    let features = FeatureSet::default().with_custom(Arc::new(AbroadPrice));
    let extractors = Extractors::default();
    assert_eq!(
        value(&extractors, &features, &sale(), &[("abroad", 1.0)]),
        Ok(0.1)
    );
    assert!(value(&extractors, &features, &sale(), &[]).is_err());
    // With the extractor, but without the country, a given factor serves as well.
    let extractors = with(&[Arc::new(AbroadPrice)]);
    let nowhere = Sale {
        country: None,
        ..sale()
    };
    assert_eq!(value(&extractors, &features, &sale(), &[]), Ok(0.1));
    assert_eq!(
        value(&extractors, &features, &nowhere, &[("abroad", 1.0)]),
        Ok(0.1)
    );
    let given = [("abroad", 1.0), ("abroad_price", 0.2)];
    let error = value(&extractors, &features, &nowhere, &given).unwrap_err();
    assert!(matches!(error, FeatureError::Contradiction { .. }));
}

#[test]
fn fields_of_a_sale_are_found_by_their_names_and_stand_in_their_order() {
    for (index, field) in SaleField::ALL.into_iter().enumerate() {
        assert_eq!(field as usize, index);
        assert_eq!(SaleField::of_name(field.name()), Some(field));
    }
    assert_eq!(SaleField::of_name("Quantity"), None);
    assert_eq!(SaleField::of_name(""), None);
}
