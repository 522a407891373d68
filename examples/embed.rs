//! The engine inside another program: rows go in as they come, and a model answers, without a server.

use retail_core::ndarray::array;
use retail_core::prelude::*;
use retail_core::train::ForestModel;

/// What the program sells: made up here, in yours an order that has just been paid.
fn order(number: u64) -> Result<Transaction, Box<dyn std::error::Error>> {
    let now: Timestamp = "2011-12-09 12:50:00".parse()?;
    Ok(Transaction {
        invoice: number.to_string(),
        stock_code: "85123A".into(),
        description: String::new(),
        quantity: 1 + (number * 7 % 30) as i64,
        invoice_date: now,
        price: 1.0 + (number * 13 % 40) as f64 / 10.0,
        customer_id: Some(1 + number % 50),
        country: "France".into(),
        timestamp: now,
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut engine = Engine::builder(EngineConfig::default())?.open()?;
    let registry = engine.registry();
    let (sender, mut source) = ChannelSource::bounded("orders", engine.position(), 10_000);
    let running = std::thread::spawn(move || engine.run(&mut source));
    for number in 0..5_000 {
        sender.push(order(number)?)?;
    }
    drop(sender);
    let report = running.join().map_err(|_| "the engine panicked")??;
    println!("{} rows in {} batches", report.rows_kept, report.batches);

    // quantity, price, total_amount, month, day, hour: the schema travels with the model.
    let sale = array![[10.0, 2.5, 25.0, 12.0, 9.0, 12.0]];
    let forest = registry.get("rf_model_window_3").ok_or("not trained")?;
    let labels = forest.predict_labels(sale.view())?;
    println!("ten are {}", labels.ok_or("no classes")?.join(" "));
    let trees = forest.downcast_ref::<ForestModel>().ok_or("no forest")?;
    println!("{} trees", trees.n_trees());
    Ok(())
}
