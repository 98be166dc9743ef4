"""
Prints the keys of a homeserver.yaml that Synapse never asks for, one a line: Synapse says nothing about a key that it
does not know. Its own configuration classes read the file here, over dictionaries that remember what was asked.

Not followed: what goes to somebody else as it is (to clients, to the database driver, to a module).
"""

import sys
from types import SimpleNamespace

import yaml
from synapse.config.homeserver import HomeServerConfig
from synapse.handlers.password_policy import PasswordPolicyHandler

PASSED_ON = {
    "extra_well_known_client_content",
    "database.args",
    "modules[0].config",
    "listeners[0].additional_resources",
    "listeners[1].additional_resources",
    "listeners[4].additional_resources",
    "oidc_providers[0].user_mapping_provider.config",
}


class Remembering(dict):
    def __init__(self, content, path=""):
        super().__init__()
        self.path = path
        self.asked = set()
        for key, value in content.items():
            super().__setitem__(key, remembering(value, f"{path}.{key}".lstrip(".")))

    # Makes `dict(...)` and `**` ask key by key, instead of copying behind our back.
    def __iter__(self):
        return super().__iter__()

    def __getitem__(self, key):
        self.asked.add(key)
        return super().__getitem__(key)

    def get(self, key, default=None):
        self.asked.add(key)
        return super().get(key, default)

    def pop(self, key, *default):
        self.asked.add(key)
        return super().get(key, *default)

    def setdefault(self, key, default=None):
        self.asked.add(key)
        return super().setdefault(key, default)

    def items(self):
        self.asked.update(super().keys())
        return super().items()

    def values(self):
        self.asked.update(super().keys())
        return super().values()


def remembering(value, path):
    if isinstance(value, dict):
        return Remembering(value, path)
    if isinstance(value, list):
        return [remembering(item, f"{path}[{index}]") for index, item in enumerate(value)]
    return value


def unread(value, path=""):
    if isinstance(value, Remembering):
        for key in dict.keys(value):
            below = f"{path}.{key}".lstrip(".")
            if below in PASSED_ON:
                continue
            if key not in value.asked:
                yield below
            else:
                yield from unread(dict.__getitem__(value, key), below)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from unread(item, f"{path}[{index}]")


with open(sys.argv[1]) as file:
    settings = remembering(yaml.safe_load(file), "")
config = HomeServerConfig()
config.parse_config_dict(settings, config_dir_path="/nowhere", data_dir_path="/nowhere")
# The one part that is read later, when somebody sets a password.
PasswordPolicyHandler(SimpleNamespace(config=config)).validate_password("A long enough passw0rd")
print("\n".join(unread(settings)), end="")
