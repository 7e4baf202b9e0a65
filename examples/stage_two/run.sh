#!/usr/bin/env bash
# Stage two on the model that was fine-tuned on first-principles labels, as users run it: from labelled images to
# ranked predictions, checks by MD, figures and an archive. It took 93 minutes on two busy cores.
#
#     ./run.sh OUTPUT
#
# An interrupted run is repeated: finished jobs are found again by AiiDA's cache. The sizes can be changed, e.g.
# TRAIN=12 SCREEN=10 STEPS=500 EPOCHS=1 ./run.sh /tmp/try
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
output=$(realpath -m "${1:?name a folder for the results}")
TRAIN=${TRAIN:-50} SCREEN=${SCREEN:-100} STEPS=${STEPS:-5000} EPOCHS=${EPOCHS:-40} CHECKS=${CHECKS:-4}
LOW=${LOW:-15} HIGH=${HIGH:-25} ERROR=${ERROR:-10} # A^2: regions of runs of 10 ps, and about twice the error of a target
mkdir -p "$output"
export AIIDA_PATH=${AIIDA_PATH:-$output/profile}
mkdir -p "$AIIDA_PATH"
pk() { python -c 'import json, sys; print(json.loads(sys.stdin.read().strip().splitlines()[-1])["pk"])'; }
output_of() { verdi node show "$1" | awk -v name="$2" '/^Outputs/ {inside = 1} inside && $1 == name {print $2; exit}'; }

aiida-hezsp setup >/dev/null
verdi config set caching.default_enabled True >/dev/null

cat "$here"/../first_principles/labels_[12].extxyz >"$output/labels.extxyz"
dataset=$(aiida-hezsp dataset import "$output/labels.extxyz" --json | python -c 'import json, sys; print(json.load(sys.stdin)["pk"])')
finetuning=$(aiida-hezsp launch finetune "$dataset" --protocol fast --json \
    --set potential.relaxation_finetune.epochs="$EPOCHS" --set potential.relaxation_finetune.batch_size=2 \
    --set potential.relaxation_finetune.weights.stress=0.0 \
    --set 'potential.relaxation_finetune.split={by: image, train: 0.9, validation: 0.1, test: 0.0}' --set potential.holdout=[] | pk)
potential=$(output_of "$finetuning" model)

settings=(
    --protocol fast --json
    --set jobs.max_concurrent=1 --set jobs.workers=2
    --set relax.fmax=0.05
    --set md.timestep=2.0 --set md.n_steps="$STEPS"
    --set sfmsd.cell=primitive --set screen.cell=primitive --set verify.cell=primitive
    --set "sfmsd.compositions=[{name: quaternary, space: quaternary, n: $TRAIN, formulas: null, seed: 1}]"
    --set sfmsd.feature_set=quaternary --set sfmsd.test_fraction=0.2 --set sfmsd.training.splits=[]
    --set "screen.compositions=[{space: quaternary, n: $SCREEN, formulas: null, seed: 2}]"
    --set "verify.regions={low: $LOW, high: $HIGH, per_region: $CHECKS, seed: 1, max_error: $ERROR}"
    --set 'verify.arrhenius={host: true, temperatures: [800.0, 1000.0, 1200.0], n_steps: null}'
)
training=$(aiida-hezsp launch sfmsd --relaxation-model "$potential" --md-model "$potential" "${settings[@]}" | pk)
aiida-hezsp models --json >"$output/models.json"
aiida-hezsp models | tee "$output/models.txt"
model=$(output_of "$training" GB)
verdi run "$here/write_training.py" "$model" "$output/training.csv"
screen=$(aiida-hezsp launch screen --relaxation-model "$potential" --sfmsd-model "$model" --md-model "$potential" "${settings[@]}" | pk)

aiida-hezsp rank "$screen" | tee "$output/ranking.txt"
aiida-hezsp figures "$screen" --output "$output/figures"
aiida-hezsp export --process "$screen" --metadata "$here/metadata.yaml" --no-trajectories --force --output "$output/archive"
