"""The tools about films: a search with every kind of argument, and one that asks back."""

from typing import Annotated, Literal

from mcp.server.mcpserver import AcceptedElicitation, Elicit, ElicitationResult, Resolve
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from servers import database

TABLE = "chinese_movie_ratings"
Region = Literal["any", "中国大陆", "中国香港", "中国台湾"]
SortKey = Literal["rating", "movie_name", "director"]


class Film(BaseModel):
    """One film, its rating a number and its people lists."""

    movie_name: str
    rating: float
    region: str
    director: list[str]
    main_actors: list[str]


class SearchOptions(BaseModel):
    """The finer points of a search."""

    include_actors: Annotated[bool, Field(description="List the main actors of each film.")] = True
    exact: Annotated[bool, Field(description="Match whole names, not parts of them.")] = False


BY_RATING: list[SortKey] = ["rating"]
NO_OPTIONS = SearchOptions()


def films() -> list[Film]:
    """Read every film, in the table's order."""
    return [
        Film(
            movie_name=row["movie_name"],
            rating=float(row["rating"]),
            region=row["region"],
            director=row["director"].split("|"),
            main_actors=row["main_actors"].split("|"),
        )
        for row in database.rows(TABLE)
    ]


def search_movies(
    query: Annotated[
        str, Field(description="Text in the name, a director or an actor of a film; empty for all.")
    ],
    min_rating: Annotated[
        float | None, Field(ge=0, le=10, description="The lowest rating wanted, 0 to 10.")
    ] = None,
    region: Annotated[Region, Field(description="Where the film was made.")] = "any",
    sort_by: Annotated[
        list[SortKey], Field(description="What to sort by, the most important first.")
    ] = BY_RATING,
    descending: Annotated[bool, Field(description="Put the greatest first.")] = True,
    limit: Annotated[int, Field(ge=1, le=50, description="The most films to return.")] = 20,
    options: Annotated[
        SearchOptions, Field(description="The finer points of the search.")
    ] = NO_OPTIONS,
) -> list[Film]:
    """Find films by name, people, rating and region."""
    found = [
        film
        for film in films()
        if _matches(film, query, options.exact)
        and film.rating >= (min_rating or 0)
        and region in ("any", film.region)
    ]
    found.sort(key=lambda film: [getattr(film, key) for key in sort_by], reverse=descending)
    if not options.include_actors:
        found = [film.model_copy(update={"main_actors": []}) for film in found]
    return found[:limit]


def _matches(film: Film, query: str, exact: bool) -> bool:
    names = [film.movie_name, *film.director, *film.main_actors]
    return query in names if exact and query else any(query in name for name in names)


class Taste(BaseModel):
    """What `recommend_movie` asks the user."""

    min_rating: Annotated[float, Field(ge=0, le=10, description="The lowest rating you accept.")]
    name_actors: Annotated[bool, Field(description="Name the actors, too.")] = False


def ask_taste(actor: str) -> Elicit[Taste]:
    """Ask the user what `recommend_movie` cannot know, unless there is nothing to ask about."""
    if not any(actor in film.main_actors for film in films()):
        raise ToolError(f"There is no film with {actor[:40]!r}. Try 徐峥 or 姜文.")
    return Elicit(f"How good must a film with {actor} be, from 0 to 10?", Taste)


def recommend_movie(
    actor: Annotated[str, Field(description="An actor's full name, such as 徐峥 or 姜文.")],
    taste: Annotated[ElicitationResult[Taste], Resolve(ask_taste)],
) -> str:
    """Recommend a film with an actor, after asking the user how good it has to be."""
    if not isinstance(taste, AcceptedElicitation):
        return f"No recommendation: to the question you answered {taste.action}."
    wanted = taste.data
    good = [f for f in films() if actor in f.main_actors and f.rating >= wanted.min_rating]
    if not good:
        return f"No film with {actor} is rated {wanted.min_rating:g} or more."
    best = max(good, key=lambda film: film.rating)
    people = f", with {', '.join(best.main_actors)}" if wanted.name_actors else ""
    return f"{best.movie_name}, rated {best.rating}{people}"
