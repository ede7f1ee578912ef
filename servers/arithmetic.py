"""A calculator that is exact, and answers as a person writes: 5, not 5.0; 0.3 for 0.1 + 0.2."""

import math
import sys
from fractions import Fraction
from typing import Annotated

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field, PlainValidator, WithJsonSchema


def _number(value: object) -> int | float:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise ValueError("must be a number, and a finite one")


# Left to itself, pydantic describes `int | float` as a choice of two types, complains of
# each of them, and takes "2" and true for numbers.
Number = Annotated[int | float, PlainValidator(_number), WithJsonSchema({"type": "number"})]
First = Annotated[Number, Field(description="The first number.")]
Second = Annotated[Number, Field(description="The second number.")]
Numbers = Annotated[list[Number], Field(min_length=1, description="One number at least.")]


def add(a: First, b: Second) -> Number:
    """Add two numbers: a + b."""
    return _written(_exact(a) + _exact(b), a, b)


def subtract(a: First, b: Second) -> Number:
    """Subtract the second number from the first: a - b."""
    return _written(_exact(a) - _exact(b), a, b)


def multiply(a: First, b: Second) -> Number:
    """Multiply two numbers: a * b."""
    return _written(_exact(a) * _exact(b), a, b)


def divide(a: First, b: Second) -> Number:
    """Divide the first number by the second: a / b. Dividing by zero is an error."""
    if b == 0:
        raise ToolError("Cannot divide by zero: choose another b.")
    return _written(_exact(a) / _exact(b), a, b)


def average(numbers: Numbers) -> Number:
    """Average some numbers."""
    return _written(sum(map(_exact, numbers), Fraction()) / len(numbers), *numbers)


def _exact(number: float) -> Fraction:
    # 0.1 means a tenth, not the binary fraction nearest to it.
    return Fraction(number) if isinstance(number, int) else Fraction(str(number))


def _written(result: Fraction, *operands: float) -> int | float:
    """Turn an exact result into the number to print.

    Whole operands may give a whole number of any length; with a float among them, the
    result has no more digits than a float has.
    """
    if abs(result) > sys.float_info.max:
        raise ToolError("The result is too large: beyond 1.8e308, where most JSON readers end.")
    short = abs(result) < 10**16 or all(isinstance(number, int) for number in operands)
    return int(result) if result.denominator == 1 and short else float(result)
