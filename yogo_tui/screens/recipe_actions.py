"""What the keys of Recipes do with whole recipes: copy, save as, title and note, import, delete and bring back."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from yogo.errors import RecipeError
from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.screens.ask import Ask, Notice
from yogo_tui.screens.base import ModeScreen, changes
from yogo_tui.screens.choose import Choice, Choose, LinePrompt
from yogo_tui.widgets.key_bar import key_of

if TYPE_CHECKING:
    from yogo.presets import Preset
    from yogo.recipe import Recipe
    from yogo_tui.runs.model import Run


class RecipeActions(ModeScreen):
    """A screen that acts on the recipe under the cursor."""

    @property
    @abstractmethod
    def preset(self) -> Preset:
        """The recipe under the cursor."""

    @abstractmethod
    async def _load(self, path: Path | None) -> None:
        """Read the recipes again, and show the one at `path`."""

    @abstractmethod
    def read_form(self) -> Recipe | None:
        """What the form holds; None, once that is told, if something in it is wrong."""

    @abstractmethod
    def action_edit(self) -> None:
        """Go into the form."""

    @property
    def _undo(self) -> str:
        return key_of(self, "recipes.undo")

    def why_not(self, action: str) -> str:
        preset = self.preset
        if preset.problem and action in ("edit", "copy", "copy_preset", "describe"):
            key = key_of(self, "recipes.reread")
            return f"{preset.title} cannot be read. Mend its file, then press {key}."
        if preset.path is None and action == "delete":
            return "it is built in and stays"
        if preset.path is None and action in ("edit", "describe", "save"):
            return f"it is built in: {key_of(self, 'recipes.copy_preset')} copies it under a title of yours"
        return super().why_not(action)

    def told_why_not(self, action: str) -> bool:
        """Whether an action cannot act, which the user is told then."""
        if why := self.why_not(action):
            self.app.notify(printable(why), severity="warning", markup=False)
        return bool(why)

    async def _ask_title(self, about: str, title: str) -> str | None:
        """A title for a new recipe, whose file there is none of yet; None if the dialog was left."""
        library = self.app.session.library
        taken = {preset.path for preset in await library.presets()}

        def problem(title: str) -> str:
            try:
                path = library.path_for(title)
            except RecipeError as error:
                return str(error)
            return f"{path.name} already exists" if path in taken else ""

        return await self.app.push_screen_wait(LinePrompt(about, title, check=problem))

    async def _add(self, title: str, recipe: Recipe, note: str) -> None:
        saved = await self.app.session.library.add(title, recipe, note)
        await self._load(saved.path)
        self.action_edit()

    @changes
    async def action_copy_preset(self) -> None:
        from yogo.presets import copied

        if self.told_why_not("copy_preset"):
            return
        preset = self.preset
        with self.app.telling(f"{preset.title} was not copied"):
            if title := await self._ask_title("title of your copy", f"My {preset.title.removeprefix('My ')}"):
                await self._add(title, preset.recipe, copied(preset, title).note)

    @changes
    async def action_save_as(self) -> None:
        """Save what is typed as another recipe; the one that it was typed into stays as it is."""
        preset, recipe = self.preset, self.read_form()
        if recipe is None:
            return
        with self.app.telling("it was not saved"):
            if title := await self._ask_title("save as another recipe, titled", preset.title):
                await self._add(title, recipe, f"Copied from {preset.title}.")

    @changes
    async def action_describe(self) -> None:
        """Edit title and note."""
        from yogo_tui.screens.edit_notes import EditNotes
        from yogo_tui.session.library import own_path

        preset = self.preset
        with self.app.telling(f"{preset.title} was not changed"):
            own_path(preset)
            head = f"title and note of {preset.title}"
            edited = await self.app.push_screen_wait(EditNotes(head, preset.title, preset.note, empty="a title"))
            if edited and edited != (preset.title, preset.note):
                await self._load((await self.app.session.library.describe(preset, *edited)).path)

    @changes
    async def action_import(self) -> None:
        """Make a recipe of a pasted command line, or of a run."""
        from yogo_tui.listing.recipes import recipe_words

        runs = [run for run in self.app.runs.runs if run.manifest or run.launch]
        lines: list[tuple[Run | None, Choice]] = [(None, Choice("a command line", "paste one with yogo train in it"))]
        lines += [(run, Choice(run.name, recipe_words(run))) for run in runs]
        with self.app.telling("it was not imported"):
            chosen: int | None = 0
            if runs:
                dialog = Choose("import a recipe from", [choice for _, choice in lines])
                chosen = await self.app.push_screen_wait(dialog)
            if chosen is not None:
                run = lines[chosen][0]
                await (self._import_run(run) if run else self._import_line())

    async def _import_run(self, run: Run) -> None:
        from yogo_tui.session.library import recipe_of

        recipe, left = recipe_of(run)
        if title := await self._ask_title(f"title of the recipe of {run.name}", f"As {run.name}"):
            await self._add(title, recipe, f"As {run.name} had it.")
            self._say_left(left)

    async def _import_line(self) -> None:
        from yogo_tui.screens.paste import PastePrompt

        library = self.app.session.library

        async def problem(text: str) -> str:
            try:
                await library.read_command(text)
            except RecipeError as error:
                return str(error)
            return ""

        about = "paste a command line with yogo train in it"
        line = await self.app.push_screen_wait(PastePrompt(about, check=problem))
        if not line:
            return
        recipe, left = await library.read_command(line)
        if title := await self._ask_title("title of the recipe", "Imported"):
            await self._add(title, recipe, "Imported from a command line.")
            self._say_left(left)

    def _say_left(self, left: tuple[str, ...]) -> None:
        if left:
            head = f"{counted(len(left), 'thing')} could not be taken over"
            self.app.push_screen(Notice(head, "\n".join(left), sign="! "))

    @changes
    async def action_delete(self) -> None:
        preset = self.preset
        if self.told_why_not("delete") or preset.path is None:
            return
        if await self.app.push_screen_wait(Ask(f"Delete {preset.title}? {self._undo} brings it back.", is_safe=True)):
            with self.app.telling(f"{preset.title} was not deleted"):
                await self.app.session.library.remove(preset.path, seen=preset.seen)
                await self._load(None)
                self.app.notify(
                    f"{self._undo} brings it back", title=f"{printable(preset.title)} deleted", markup=False
                )

    @changes
    async def action_undo_delete(self) -> None:
        """Bring back the recipe that was deleted last."""
        library = self.app.session.library
        with self.app.telling("nothing was brought back"):
            removed = await library.removed()
            if not removed:
                self.app.notify("no deleted recipe is kept", markup=False)
                return
            restored = await library.restore(removed[0])
            await self._load(restored.path)
            self.app.notify(f"{printable(restored.title)} brought back", markup=False)
