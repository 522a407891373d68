"""Saves one of scikit-learn's models for MLflow's server: serving_mlflow.py PICKLE FOLDER."""

import pickle
import sys
from pathlib import Path

import mlflow

mlflow.sklearn.save_model(
    pickle.loads(Path(sys.argv[1]).read_bytes()), sys.argv[2], serialization_format="cloudpickle"
)
