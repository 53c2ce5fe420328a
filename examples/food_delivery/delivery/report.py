# SPDX-License-Identifier: MIT
"""SQLAlchemy beside Django's ORM, on the same table; psycopg2 on PostgreSQL."""
from django.conf import settings
from django.http import JsonResponse
from sqlalchemy import String, create_engine, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from .models import Order


class Base(DeclarativeBase):
    pass


class OrderRow(Base):
    __tablename__ = Order._meta.db_table

    id: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped[str] = mapped_column(String(150))
    details: Mapped[str]


url = make_url(settings.DATABASE_URL)
if url.get_backend_name() == "postgresql":
    url = url.set(drivername="postgresql+psycopg2")
engine = create_engine(url, pool_size=10, max_overflow=10,
                       pool_timeout=settings.PATIENCE)


def report(request):
    """How much the customer has ordered, and all of them."""
    with Session(engine) as session:
        mine = session.scalars(
            select(OrderRow.details)
            .where(OrderRow.customer == request.user.username)
            .order_by(OrderRow.id)).all()
        total = session.scalar(select(func.count()).select_from(OrderRow))
    return JsonResponse({"mine": list(mine), "total": total})
