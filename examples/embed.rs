//! The engine inside another program: train on a stream, then ask a model, without a server.

use retail_core::ndarray::array;
use retail_core::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut engine = Engine::builder(EngineConfig::default())?.open()?;
    let mut source = SyntheticSource::new(SyntheticSource::params().rows(100_000).check()?);
    let report = engine.run(&mut source)?;
    println!(
        "{} of {} records kept in {} batches, {:.2} s",
        report.rows_kept, report.rows_read, report.batches, report.seconds
    );

    let registry = engine.registry();
    let forest = registry.get("rf_model_window_3").ok_or("not trained")?;
    // quantity, price, total_amount, month, day, hour: the schema travels with the model.
    let sale = array![[10.0, 25.5, 255.0, 6.0, 11.0, 14.0]];
    println!("{:?}", forest.predict(sale.view())?);
    Ok(())
}
