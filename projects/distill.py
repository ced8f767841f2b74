"""Trains a student on a teacher's soft answers: `mlflow run . -e distill -P model_uri=models:/m-...`."""

from dataclasses import replace
from typing import TYPE_CHECKING

from mlflow_prod import encoder, report
from mlflow_prod.candidate import (
    best_setting,
    finish,
    log_card,
    log_compression,
    log_distillation,
    reweighed,
    weights_as_learnt,
)
from mlflow_prod.distill import (
    Course,
    build_student,
    grid,
    hold_fit,
    read_hint,
    seeds_from,
    soft_answers,
)
from mlflow_prod.distill import shrink as narrowed
from mlflow_prod.tracking import ModelReference, Run
from projects.entry_point import entry_point, launch
from projects.network import batch_for, network_for
from projects.result import say_made
from projects.source import Source, check_seed
from projects.teachers import teachers_of

if TYPE_CHECKING:
    import keras


@entry_point
def distill(
    run: Run,
    model_uri: str,
    source: Source = Source(),
    trust: bool = False,
    temperature: str = "4",
    alpha: str = "0.5",
    hint: str = "",
    beta: float = 0.5,
    student: str = "",
    units: str = "128,128",
    shrink: float = 0.25,
    objective: str = "",
    seeds: int = 5,
    epochs: int = 10,
    batch_size: int = 0,
    patience: int = 3,
) -> ModelReference:
    """Train a student on the answers of one or more teachers, and on the labels, and alone beside it."""
    settings = grid(temperature, alpha)
    layers = read_hint(hint) if hint else ("", "")
    widths = narrowed(units, shrink)
    teachers, source, dataset = teachers_of(model_uri, source, trust=trust)
    task, drawn = dataset.task, seeds_from(source.seed, seeds)
    check_seed(drawn[-1])
    hold_fit(settings, task)
    run.log_dataset(dataset)
    encode = teachers.ours[1].encoder if teachers.ours else encoder.fit(dataset.train, dataset.schema)

    def build(seed: int) -> "keras.Model":
        if student:
            return build_student(student, encode.shape, task, seed=seed)
        return network_for(dataset, encode, units=widths, seed=seed)

    if student:
        # Faults of a user's own function show before the teacher is asked, which may take long.
        build(source.seed)
    train = teachers.lessons(encode, dataset.train, "training", layers[0])
    if teachers.ours:
        train = replace(train, weight=weights_as_learnt(teachers.ours[0].reference, dataset.train))
    check = teachers.lessons(encode, dataset.validation, "validation", layers[0])
    course = Course(
        task,
        encode,
        build,
        train,
        check,
        layer=layers[1],
        beta=beta,
        objective=objective,
        epochs=epochs,
        batch_size=batch_for(dataset, batch_size),
        patience=patience,
    )
    course.figure_of(check.scores, check)
    if task.kind != "regression":
        answers = soft_answers(train.target, train.scores, settings[0].temperature)
        run.log_figure(report.soft_targets(task, answers, settings[0].temperature), "soft_targets")
    best, small = best_setting(run, course, settings, source.seed)
    run.rename(f"distill, {best}")
    said = "not compared with itself trained alone: that takes seeds >= 5"
    fair = teachers.ours is not None and reweighed(teachers.ours[0].reference)
    recipe, comparison = "reweighing, distill" if fair else "distill", None
    if len(drawn) > 1:
        test = teachers.lessons(encode, dataset.test, "test")
        comparison = course.compare(small, best, drawn, test)
        said = str(comparison)
        recipe = recipe if comparison.helps else f"{recipe} (no better than trained alone)"
    made = finish(run, small, dataset, source=source.to_dict(), recipe=recipe, seed=source.seed)
    if comparison is not None:
        log_distillation(run, made, comparison, dataset.test)
    if teachers.ours:
        first, model = teachers.ours
        digest = first.reference.digest
        log_compression(run, made, small, model, dataset.test, original_digest=digest, seed=source.seed)
    log_card(run, made, task)
    say_made(run, made, said)
    return made


if __name__ == "__main__":
    launch(distill)
