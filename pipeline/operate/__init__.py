"""Operation: the set-up, the embedded PostgreSQL, Airflow under supervision, and the demo run."""
