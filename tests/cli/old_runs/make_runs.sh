#!/usr/bin/env bash
# Made the run folders beside it, with the program of commit f1a78e2 (Debian 12): make_runs.sh KILN
# Later programs must load them, score items alike and go on with them; so they are never made again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
kiln=$1

make() { # MODEL DATA [OPTION...]
  local model=$1 data=$2
  shift 2
  "$kiln" train "$model" --data "$data" --steps 20 --batch 20 --checkpoint-every 20 --keep 1 --seed 5 --threads 1 \
    --out "$model" --quiet "$@"
  if [ "$model" != infogan ]; then "$kiln" score "$model" --data "$data" -o "$model/scores.csv"; fi
  if [ "$model" != autoencoder ]; then "$kiln" sample "$model" -n 6 --seed 3 -o "$model/samples.npy"; fi
  rm -rf "$model"/samples "$model"/report.html "$model"/events.out.tfevents.kiln "$model"/.lock
}

bars=bars:size=3,n=200,test=40
make joint $bars
make markov $bars --order-k 2
make nade $bars --hidden 4
make orderless_nade $bars --hidden 4 --layers 1
make made $bars --hidden 6 --masks 2
make rnade ring8:n=200,test=40 --hidden 4 --components 2 --ema 0.9
make gaussian_mixture ring8:n=200,test=40 --components 2
make pca ring8:n=200,test=40 --components 1
make vae $bars --hidden 5 --latent 2 --ema 0.9
make ladder_vae $bars --latents 3,2 --hidden 5,4
make autoencoder $bars --hidden 5 --latent 2
make aae $bars --hidden 5 --latent 2 --critic-hidden 5
make gan ring8:n=200,test=40 --hidden 6 --latent 3 --unroll 2
