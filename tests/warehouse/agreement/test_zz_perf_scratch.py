from hypothesis import settings
settings.register_profile("x", deadline=None); settings.load_profile("x")
from tests.warehouse.agreement.test_agreement import agree
from mqlab.warehouse.engines.engine import open_engine
def test_pg(postgres_schema):
    """Few examples."""
    with open_engine(postgres_schema) as e: agree(e,6,chance=3)
