"""Amazon Web Services: EC2 GPU instances, Linux, USD, every commercial region with its Local and Wavelength Zones.

Without an account: on-demand prices, standard Reserved Instances without upfront payment and Compute Savings Plans
without upfront payment, from the public files under https://pricing.us-east-1.amazonaws.com.

With credentials that boto3 finds (`AWS_ACCESS_KEY_ID`, `AWS_PROFILE`, a role ...):

- `pricing:GetProducts`: the same prices with far less to download,
- `ec2:DescribeInstanceTypes`: the hardware of instance types newer than the shipped table,
- `ec2:DescribeSpotPriceHistory`, `ec2:DescribeRegions`: spot prices by availability zone,
- `ec2:DescribeInstanceTypeOfferings`, `ec2:DescribeCapacityBlockOfferings`: capacity blocks of one day on offer.

Not covered: partial and all-upfront payment, convertible Reserved Instances, EC2 Instance Savings Plans, other systems
and tenancies, GovCloud unless asked for by name, China (another partition, in CNY).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from planner.model.records import Purchase
from providers.aws_api import Account, NotAllowedError, credentials_found
from providers.aws_fetch import Fetch
from providers.aws_pages import parse_pages
from providers.base import FetchRequest, ParsedPrices, RawPages, Report
from providers.http import HttpClient
from providers.sdk import MissingSdkError

PRICE_FILES = "https://pricing.us-east-1.amazonaws.com"


class AwsProvider:
    """The adapter for AWS.

    Args:
        price_files: scheme and host of the public price files.
        attempts: tries of each request in all.
        sleep: waits between tries of public files.
    """

    name = "aws"

    def __init__(
        self,
        *,
        price_files: str = PRICE_FILES,
        attempts: int = 5,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._price_files = price_files
        self._attempts = attempts
        self._sleep = sleep

    def fetch(self, request: FetchRequest, pages: RawPages, report: Report) -> None:
        """Save price lists, savings plans, spot prices and capacity blocks, as far as the account allows.

        Raises:
            UnknownNameError: AWS has no region of a name asked for.
            ProviderError: a reply is not complete, or the credentials are not valid.
        """
        http = HttpClient(timeout_seconds=request.timeout_seconds, attempts=self._attempts, sleep=self._sleep)
        Fetch(http, self._price_files, self._account(request, pages), request, pages, report).run()

    def parse(self, pages: RawPages) -> ParsedPrices:
        """Offers of every GPU instance type; pages are told apart by what they hold.

        Raises:
            ProviderError: a page is damaged or none of the kinds known here.
        """
        return parse_pages(pages)

    def credentials(self) -> str:
        """One line: the credentials that boto3 finds, or the variable that is missing."""
        return credentials_found()

    def _account(self, request: FetchRequest, pages: RawPages) -> Account | None:
        try:
            return Account(timeout_seconds=request.timeout_seconds, attempts=self._attempts)
        except (NotAllowedError, MissingSdkError) as error:
            reason = str(error)
        needs = {
            Purchase.SPOT: "spot prices: {}; needs ec2:DescribeSpotPriceHistory",
            Purchase.CAPACITY_BLOCK: "capacity blocks: {}; needs ec2:DescribeCapacityBlockOfferings",
        }
        for purchase, gap in needs.items():
            if not request.purchases or purchase in request.purchases:
                pages.add_gap(gap.format(reason))
        return None
