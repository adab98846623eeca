"""Roles: the names that people give to what they log."""

from __future__ import annotations

import pytest

from tracker.findings.roles import Roles, roles_of

NAMES = {
    "TensorBoard": (["Loss/train", "Loss/test", "Accuracy/train", "Accuracy/test", "LR"],
                    Roles(("Loss/train",), ("Loss/test",), ("Accuracy/train",), ("Accuracy/test",), ("LR",))),
    "Keras": (["epoch_loss", "epoch_val_loss", "epoch_accuracy", "epoch_val_accuracy", "epoch_learning_rate"],
              Roles(("epoch_loss",), ("epoch_val_loss",), ("epoch_accuracy",), ("epoch_val_accuracy",),
                    ("epoch_learning_rate",))),
    "Lightning": (["train_loss_step", "train_loss_epoch", "val_loss", "val_acc", "lr-Adam", "grad_2.0_norm_total"],
                  Roles(("train_loss_step", "train_loss_epoch"), ("val_loss",), (), ("val_acc",), ("lr-Adam",),
                        ("grad_2.0_norm_total",))),
    "Hugging Face": (["train/loss", "train/train_loss", "eval/loss", "train/learning_rate", "train/grad_norm",
                      "train/epoch", "eval/samples_per_second"],
                     Roles(("train/loss", "train/train_loss"), ("eval/loss",), (), (), ("train/learning_rate",),
                           ("train/grad_norm",))),
    "XGBoost": (["validation_0-logloss", "validation_1-auc"],
                Roles((), ("validation_0-logloss",), (), ("validation_1-auc",))),
    "language": (["training_loss", "validation_loss", "ppl", "val_ppl", "elbo"],
                 Roles(("training_loss", "ppl"), ("validation_loss", "val_ppl"), ("elbo",))),
    "detection": (["train/box_loss", "train/loss", "metrics/mAP50(B)", "val_recall/malignant"],
                  Roles(("train/loss", "train/box_loss"), (), ("metrics/mAP50(B)",), ("val_recall/malignant",))),
    "autoencoder": (["loss", "kl_loss", "recon_loss", "kl_weight", "beta"],
                    Roles(("loss", "kl_loss", "recon_loss"))),
    "adversaries": (["losses/generator", "losses/discriminator", "loss"],
                    Roles(game_loss=("loss", "losses/discriminator", "losses/generator"))),
    "letters": (["loss_G", "loss_D", "errD", "errG"], Roles(game_loss=("loss_D", "loss_G", "errD", "errG"))),
    "play": (["loss/policy", "train/loss", "rollout/ep_rew_mean"],
             Roles(train_score=("rollout/ep_rew_mean",), game_loss=("train/loss", "loss/policy"))),
    "ours": (["train/loss", "grad_norm/fc1.weight", "update_ratio/loss", "input/std", "output/mean", "time/step"],
             Roles(("train/loss",))),
    "none of it": (["loss_scale", "best_val_loss", "loss_weight", "num_steps", "time/eval", "momentum"], Roles()),
}  # fmt: skip


@pytest.mark.parametrize("whose", NAMES)
def test_names_of_all_schools_are_understood(whose: str) -> None:
    """The first of each is the likeliest: the total before its parts, steps before epochs."""
    tags, roles = NAMES[whose]
    assert roles_of(tags) == roles


@pytest.mark.parametrize("whose", NAMES)
def test_the_order_of_tags_does_not_matter(whose: str) -> None:
    """They come by name, or as they were logged."""
    tags, _ = NAMES[whose]
    found, turned = roles_of(tags), roles_of(tags[::-1])
    for name in Roles.__dataclass_fields__:
        assert sorted(getattr(found, name)) == sorted(getattr(turned, name))
        assert getattr(found, name)[:1] == getattr(turned, name)[:1]
