"""FastAPI with scikit-learn's models, which are in the folder BENCH_MODELS: `uvicorn serving_fastapi:app --workers 2`."""

import os

from fastapi import FastAPI
from pydantic import BaseModel
from serving_models import Models


class Sale(BaseModel):
    quantity: float
    price: float
    total_amount: float | None = None
    month: float
    day: float
    hour: float


app = FastAPI()
models = Models(os.environ["BENCH_MODELS"])


# A prediction only computes: another thread would take time and win none.
@app.post("/predict/{target}/{version}")
async def predict(target: str, version: str, sale: Sale):
    return models.predict(target, version, sale.model_dump())
