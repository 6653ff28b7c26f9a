"""Signs of units and of currencies, the same in all languages. Pure."""

from __future__ import annotations

import re

from services.tts.text.scanner import word_set

UNITS: dict[str, str] = {
    "km": "length-kilometer", "m": "length-meter", "dm": "length-decimeter", "cm": "length-centimeter",
    "mm": "length-millimeter", "µm": "length-micrometer", "nm": "length-nanometer", "mi": "length-mile",
    "ft": "length-foot", "yd": "length-yard", "in": "length-inch", "ly": "length-light-year",
    "m²": "area-square-meter", "km²": "area-square-kilometer", "cm²": "area-square-centimeter",
    "ft²": "area-square-foot", "mi²": "area-square-mile", "qm": "area-square-meter", "ha": "area-hectare",
    "m³": "volume-cubic-meter", "km³": "volume-cubic-kilometer", "cm³": "volume-cubic-centimeter",
    "ccm": "volume-cubic-centimeter", "ft³": "volume-cubic-foot", "l": "volume-liter", "L": "volume-liter",
    "dl": "volume-deciliter", "dL": "volume-deciliter", "cl": "volume-centiliter", "ml": "volume-milliliter",
    "mL": "volume-milliliter", "hl": "volume-hectoliter", "gal": "volume-gallon", "pt": "volume-pint",
    "tbsp": "volume-tablespoon", "tsp": "volume-teaspoon",
    "kg": "mass-kilogram", "g": "mass-gram", "mg": "mass-milligram", "µg": "mass-microgram", "t": "mass-tonne",
    "lb": "mass-pound", "lbs": "mass-pound", "oz": "mass-ounce", "ct": "mass-carat",
    "h": "duration-hour", "hr": "duration-hour", "hrs": "duration-hour", "min": "duration-minute",
    "mins": "duration-minute", "s": "duration-second", "sec": "duration-second", "secs": "duration-second",
    "ms": "duration-millisecond", "µs": "duration-microsecond", "ns": "duration-nanosecond",
    "yr": "duration-year", "yrs": "duration-year",
    "km/h": "speed-kilometer-per-hour", "kmh": "speed-kilometer-per-hour", "m/s": "speed-meter-per-second",
    "mph": "speed-mile-per-hour", "mpg": "consumption-mile-per-gallon",
    "l/100 km": "consumption-liter-per-100-kilometer",
    "l/100km": "consumption-liter-per-100-kilometer", "m/s²": "acceleration-meter-per-square-second",
    "°C": "temperature-celsius", "° C": "temperature-celsius", "℃": "temperature-celsius", "ºC": "temperature-celsius",
    "°F": "temperature-fahrenheit", "° F": "temperature-fahrenheit", "℉": "temperature-fahrenheit",
    "K": "temperature-kelvin", "°": "angle-degree", "º": "angle-degree",
    "W": "power-watt", "kW": "power-kilowatt", "MW": "power-megawatt", "GW": "power-gigawatt", "mW": "power-milliwatt",
    "hp": "power-horsepower", "PS": "power-horsepower", "V": "electric-volt", "A": "electric-ampere",
    "mA": "electric-milliampere", "Ω": "electric-ohm", "kWh": "energy-kilowatt-hour", "J": "energy-joule",
    "kJ": "energy-kilojoule", "cal": "energy-calorie", "kcal": "energy-kilocalorie", "eV": "energy-electronvolt",
    "Hz": "frequency-hertz", "kHz": "frequency-kilohertz", "MHz": "frequency-megahertz", "GHz": "frequency-gigahertz",
    "N": "force-newton", "Nm": "torque-newton-meter", "Pa": "pressure-pascal", "hPa": "pressure-hectopascal",
    "kPa": "pressure-kilopascal", "MPa": "pressure-megapascal", "bar": "pressure-bar", "mbar": "pressure-millibar",
    "psi": "pressure-pound-force-per-square-inch", "atm": "pressure-atmosphere", "mmHg": "pressure-millimeter-ofhg",
    "bit": "digital-bit", "kbit": "digital-kilobit", "Mbit": "digital-megabit", "Gbit": "digital-gigabit",
    "kB": "digital-kilobyte", "KB": "digital-kilobyte", "MB": "digital-megabyte", "GB": "digital-gigabyte",
    "TB": "digital-terabyte", "PB": "digital-petabyte", "KiB": "digital-kilobyte", "MiB": "digital-megabyte",
    "GiB": "digital-gigabyte", "MP": "graphics-megapixel", "px": "graphics-pixel", "dpi": "graphics-dot-per-inch",
    "%": "concentr-percent", "‰": "concentr-permille", "ppm": "concentr-part-per-1e6", "mol": "concentr-mole",
    "arcmin": "duration-minute", "arcsec": "duration-second", "км": "length-kilometer", "м": "length-meter",
    "см": "length-centimeter", "мм": "length-millimeter",
    "кг": "mass-kilogram", "г": "mass-gram", "т": "mass-tonne", "л": "volume-liter", "мл": "volume-milliliter",
    "ч": "duration-hour", "мин": "duration-minute", "км/ч": "speed-kilometer-per-hour",
    "км/год": "speed-kilometer-per-hour", "м/с": "speed-meter-per-second", "м²": "area-square-meter",
    "lx": "light-lux", "lm": "light-lumen",
        "cd": "light-candela",
}  # fmt: skip
"""What is written behind a number, and its name in the CLDR."""

_SPELLINGS = {"μ": "µ", "Ω": "Ω", "'": "′", '"': "″", "m2": "m²", "m3": "m³", "٪": "%", "％": "%", "﹪": "%"}
"""Other spellings of the same signs."""

SPACED = word_set("A K N J")
"""Units that a number of one letter could be: 5 A is a current, 5A may be a class. A space must stand between them."""

CURRENCIES: dict[str, str] = {
    "US$": "USD", "R$": "BRL", "A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "NZ$": "NZD", "HK$": "HKD",
    "S$": "SGD", "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₽": "RUB", "₩": "KRW", "₪": "ILS",
    "₺": "TRY", "₴": "UAH", "₫": "VND", "฿": "THB", "₦": "NGN", "₱": "PHP", "₿": "BTC", "₡": "CRC", "₲": "PYG",
    "₵": "GHS", "₸": "KZT", "₼": "AZN", "₾": "GEL", "zł": "PLN", "Kč": "CZK", "Rs.": "INR", "Fr.": "CHF",
    "＄": "USD", "￥": "JPY", "￡": "GBP",
}  # fmt: skip
"""Signs of currencies and their ISO codes."""

CODES = sorted(
    word_set(
        """USD EUR GBP JPY CHF CAD AUD NZD CNY INR RUB BRL MXN KRW SEK NOK DKK PLN CZK HUF TRY ZAR ILS AED SAR SGD HKD
        THB IDR VND PHP UAH BTC"""
    )
)
"""ISO codes that are read as currencies next to a number."""


def unit_name(sign: str) -> str:
    """The CLDR name of a unit; "" if it has none."""
    return UNITS.get(normal_unit(sign), "")


def normal_unit(sign: str) -> str:
    """A unit in its usual spelling: m2 is m², μm with a Greek letter is µm."""
    plain = re.sub(r"\s+", " ", sign)
    for spelling, usual in _SPELLINGS.items():
        plain = plain.replace(spelling, usual)
    return re.sub(r"\^?([23])(?=$|/)", lambda power: "²³"[int(power[1]) - 2], plain)
