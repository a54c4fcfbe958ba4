"""moto in the place of the tests' own cloud."""

from tests.servers.fixtures import moto as moto
