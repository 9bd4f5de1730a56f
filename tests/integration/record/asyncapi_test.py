"""The AsyncAPI document says what telemetry.md says, and what the gateway prints fits its schemas.

Usage: asyncapi_test.py SOURCE_TREE WRITE_BATCHES
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import jsonschema
import yaml

SOURCE, WRITE_BATCHES = sys.argv[1:3]
CONTRACT = pathlib.Path(SOURCE) / "docs" / "contract"
PREFIX = "jidian/v1/{region}/{gateway}/"


class AsyncApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.document = yaml.safe_load((CONTRACT / "asyncapi.yaml").read_text())
        cls.text = (CONTRACT / "telemetry.md").read_text()

    def resolve(self, reference):
        self.assertTrue(reference.startswith("#/"), reference)
        node = self.document
        for name in reference[2:].split("/"):
            self.assertIn(name, node, reference)
            node = node[name]
        return node

    def references(self, node):
        if isinstance(node, dict):
            if "$ref" in node:
                yield node["$ref"]
            for child in node.values():
                yield from self.references(child)
        elif isinstance(node, list):
            for child in node:
                yield from self.references(child)

    def validate(self, schema, value):
        resolver = jsonschema.RefResolver.from_schema(self.document)
        jsonschema.Draft7Validator(self.document["components"]["schemas"][schema], resolver=resolver).validate(value)

    def test_every_reference_leads_somewhere(self):
        found = list(self.references(self.document))
        self.assertGreater(len(found), 40)
        for reference in found:
            self.resolve(reference)

    def test_every_schema_is_one(self):
        self.assertTrue(self.document["asyncapi"].startswith("3."))
        for schema in self.document["components"]["schemas"].values():
            jsonschema.Draft7Validator.check_schema(schema)

    def test_every_topic_of_the_contract_is_a_channel(self):
        rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| [012] \|", self.text, re.M)
        topics = {topic for row in rows for topic in re.findall(r"`(\w+)`", row)}
        topics |= set(re.findall(r"^### `(\w+)`$", self.text, re.M))
        self.assertIn("receipt", topics)
        channels = self.document["channels"]
        self.assertEqual({channel["address"] for channel in channels.values()}, {PREFIX + topic for topic in topics})
        used = {operation["channel"]["$ref"] for operation in self.document["operations"].values()}
        self.assertEqual(used, {"#/channels/" + name for name in channels})

    def test_qos_and_retain_are_those_of_the_contract(self):
        for row in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| ([012]) \| (yes|no)", self.text, re.M):
            for topic in re.findall(r"`(\w+)`", row[0]):
                operations = self.document["operations"]
                known = [operations[verb + topic.capitalize()] for verb in ("send", "receive")
                         if verb + topic.capitalize() in operations]
                self.assertEqual(len(known), 1, topic)
                binding = known[0]["bindings"]["mqtt"]
                self.assertEqual((binding["qos"], binding["retain"]), (int(row[1]), row[2] == "yes"), topic)

    def test_examples_fit_their_schemas(self):
        count = 0
        for message in self.document["components"]["messages"].values():
            for example in message.get("examples", []):
                self.validate(message["payload"]["$ref"].split("/")[-1], example["payload"])
                count += 1
        self.assertEqual(count, 10)

    def test_the_json_printed_in_the_contract_fits(self):
        blocks = [json.loads(block.replace("…64 digits…", "0" * 64))
                  for block in re.findall(r"```json\n(.*?)```", self.text, re.S)]
        told_by = {"meters": "live", "directives": "directives", "stored": "receipt", "op": "command", "ok": "reply"}
        schemas = [next(schema for member, schema in told_by.items() if member in block) for block in blocks]
        self.assertEqual(sorted(schemas), ["command", "directives", "live", "receipt", "reply"])
        for schema, block in zip(schemas, blocks):
            self.validate(schema, block)
            if schema == "reply":
                self.validate("backfill_result", block["result"])

    def test_every_word_of_a_backfill_stands_in_the_contract(self):
        answer = self.document["components"]["schemas"]["backfill_result"]["properties"]["answers"]["items"]["properties"]
        rows = set(re.findall(r"^\| `(\w+)` \| ", self.text.split("#### Backfill")[1].split("\n#")[0], re.M)) - {"answer"}
        self.assertEqual(set(answer["answer"]["enum"]), rows)
        for why in answer["why"]["enum"]:
            self.assertIn(f"`{why}`", self.text)

    def test_the_order_of_the_worked_days_fits(self):
        [block] = re.findall(r"```json\n(.*?)```", (CONTRACT / "days.md").read_text(), re.S)
        self.validate("directives", json.loads(block))

    def test_wrong_messages_do_not_fit(self):
        receipt = {"epoch": "00c0ffee00c0ffee", "stream": "reading", "stored": [[1, 2]]}
        for schema, wrong in (("receipt", receipt), ("status", {"state": "online", "gateway": "gw-1"}),
                              ("reply", {"id": "1", "ok": False}), ("reply", {"id": "1", "ok": True}),
                              ("command", {"id": "1", "op": "x"}),
                              ("command", {"id": "a b", "op": "x", "expires": "2026-03-01T08:00:00Z"}),
                              ("command", {"id": "1", "op": "backfill", "expires": "2026-03-01T08:00:00Z", "stream": "event"}),
                              ("backfill_result", {"stream": "event", "batches": 0, "answers": [{"answer": "evicted"}]}),
                              ("directives", {"directives": [{"id": "1"}]})):
            with self.assertRaises(jsonschema.ValidationError, msg=schema):
                self.validate(schema, wrong)

    def test_no_bytes_clear_live(self):
        resolver = jsonschema.RefResolver.from_schema(self.document)
        live = jsonschema.Draft7Validator(self.document["components"]["messages"]["live"]["payload"], resolver=resolver)
        live.validate("")
        for wrong in ("x", {}):
            with self.assertRaises(jsonschema.ValidationError):
                live.validate(wrong)

    def test_what_the_gateway_prints_fits(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([WRITE_BATCHES, folder], stdout=subprocess.DEVNULL, check=True, timeout=120)
            for schema in ("live", "manifest"):
                self.validate(schema, json.loads((pathlib.Path(folder) / f"{schema}.json").read_text()))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
