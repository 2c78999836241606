"""Makes checkpoint directories of the golden cases, with the weights that their manifests describe.

    python make_golden.py OUT CASE [CASE ...] [--set KEY=VALUE] [--name NAME]

writes OUT/CASE/{config.json, preprocessor_config.json, model.safetensors} for cases of `weights/golden/models` whose tensors have
Hugging Face's names. The weights do not depend on the input's size, so the network can be compared at the size that its users run.
`--set` changes a key of config.json, `--name` the folder. Nothing is downloaded, and the models detect nothing meaningful.
"""

import argparse
import json
import pathlib
import shutil

from safetensors.numpy import save_file

from formula import uniform

CASES = pathlib.Path(__file__).resolve().parents[3] / "weights" / "golden" / "models"


def matters(entry: dict) -> bool:
    """Whether a tensor is one of its own whose values the network computes with; the formula of the others is a stand-in."""
    return "alias_of" not in entry and not entry.get("ignorable", False)


def make(case: str, folder: pathlib.Path, changes: dict) -> pathlib.Path:
    if not (CASES / case / "manifest.json").exists():
        raise SystemExit(f"{case}: {CASES} has no such case")
    manifest = json.loads((CASES / case / "manifest.json").read_text())
    if manifest["source"] != "huggingface":
        raise SystemExit(f"{case}: a case with Hugging Face's names was expected, its source is {manifest['source']}")
    seed = manifest["seed"]
    tensors = {
        entry["key"]: uniform(entry["key"], seed, entry["shape"], entry["base"], entry["scale"])
        for entry in manifest["tensors"]
        if matters(entry)
    }
    config = json.loads((CASES / case / "config.json").read_text())
    for key, value in changes.items():
        if key not in config:
            raise SystemExit(f"{case}: config.json has no key {key}")
        config[key] = value
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    shutil.copyfile(CASES / case / "preprocessor_config.json", folder / "preprocessor_config.json")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def parsed(value: str):
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def main():
    parser = argparse.ArgumentParser(description="Make checkpoint directories of golden cases.")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("cases", nargs="+", metavar="CASE", help="folders of " + str(CASES))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a key of config.json")
    parser.add_argument("--name", help="name of the folder, for one case (default: the case's)")
    arguments = parser.parse_args()
    if arguments.name and len(arguments.cases) > 1:
        parser.error("--name is for one case")
    changes = {}
    for change in arguments.set:
        key, equals, value = change.partition("=")
        if not equals:
            parser.error(f"--set {change}: KEY=VALUE was expected")
        changes[key] = parsed(value)
    for case in arguments.cases:
        folder = make(case, arguments.out / (arguments.name or case), changes)
        print(f"{folder}: written", flush=True)


if __name__ == "__main__":
    main()
